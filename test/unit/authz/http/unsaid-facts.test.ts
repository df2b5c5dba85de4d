import assert from 'node:assert/strict';
import { type HttpVerdict, httpAsker, speakers } from '../../../support/http-asker.ts';
import { modelOf } from '../../../support/model-of.ts';

const policy = (rules: string, action = 'DENY', more = ''): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: one, namespace: default${more} }
spec: { action: ${action}, rules: [${rules}] }
---
`;
const condition = (key: string, value: string): string => `{ when: [{ key: "${key}", values: ["${value}"] }] }`;
const port = policy('{ to: [{ operation: { ports: ["9000"] } }] }');

const ask = (proxy: string, policies: string, drop: RegExp = /^$/, planes = 'off'): HttpVerdict => {
  const { url, method, lines } = speakers[proxy]!({});
  const model = modelOf(policies, { planes: { calico: planes as 'off', l4: 'off' } });
  const kept = lines.filter(([name]) => !drop.test(name));
  return httpAsker(model).ask(url, kept, method);
};

describe('facts that a proxy does not say', () => {
  const facts: readonly { fact: string; policies: string; drop: RegExp; silent: readonly string[] }[] = [
    { fact: 'destination.port', policies: port, drop: /Destination$/i, silent: ['traefik'] },
    {
      fact: 'connection.sni',
      policies: policy(condition('connection.sni', 'other')),
      drop: /Sni$/i,
      silent: ['traefik'],
    },
    {
      fact: 'destination.ip',
      policies: policy(condition('destination.ip', '10.9.0.0/16')),
      drop: /Destination$/i,
      silent: ['traefik'],
    },
    {
      fact: 'source.ip',
      policies: policy('{ from: [{ source: { ipBlocks: [10.9.0.0/16] } }] }'),
      drop: /Gatehouse-Source$/i,
      silent: [],
    },
    {
      fact: 'remote.ip',
      policies: policy('{ from: [{ source: { remoteIpBlocks: [10.9.0.0/16] } }] }'),
      drop: /Gatehouse-Source$/i,
      silent: [],
    },
  ];
  for (const { fact, policies, drop, silent } of facts) {
    for (const proxy of Object.keys(speakers)) {
      it(`${fact} of ${proxy}: a DENY by it does not quietly miss`, () => {
        const saying = ask(proxy, policies);
        assert.equal(saying.reason, silent.includes(proxy) ? 'fact_unknown' : 'no_policy_applies');
        if (proxy === 'traefik') {
          if (silent.length > 0) assert.match(saying.headers.get('x-gatehouse-reason') ?? '', /traefik cannot say/);
          return; // it says where the client is in no line of ours
        }
        const keeping = ask(proxy, policies, drop);
        assert.deepEqual([keeping.status, keeping.reason], [403, 'fact_unknown']);
        assert.match(
          keeping.headers.get('x-gatehouse-reason') ?? '',
          new RegExp(
            `^fact_unknown: ${proxy} does not say ${fact}; missing: .*gatehouse.(source|destination|sni)`,
            'i',
          ),
        );
        assert.equal(keeping.entry.decision.policy?.name, 'one');
      });
    }
  }

  it('are no matter to policies that do not read them', () => {
    const other = policy(condition('request.headers[x-role]', 'admin'));
    assert.equal(ask('nginx', other, /Source$|Destination$|Sni$/).reason, 'no_policy_applies');
  });

  it('are no matter where only what decides nothing reads them', () => {
    const dryRun = policy(
      '{ to: [{ operation: { ports: ["9000"] } }] }',
      'DENY',
      ', annotations: { istio.io/dry-run: "true" }',
    );
    const audit = policy('{ to: [{ operation: { ports: ["9000"] } }] }', 'AUDIT');
    const elsewhere = port.replace('namespace: default', 'namespace: other');
    for (const each of [dryRun, audit, elsewhere]) assert.equal(ask('traefik', each).reason, 'no_policy_applies');
  });

  it('are needed by ports of a PeerAuthentication', () => {
    const strict = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: one, namespace: default }
spec: { selector: { matchLabels: { app: details } }, mtls: { mode: PERMISSIVE }, portLevelMtls: { 443: { mode: STRICT } } }
`;
    assert.equal(ask('traefik', strict).reason, 'fact_unknown');
  });

  it('are a matter of observed planes to nobody', () => {
    const calico = `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: one, namespace: default }
spec: { ingress: [{ action: Allow, protocol: TCP, destination: { ports: [80] } }] }
`;
    assert.notEqual(ask('traefik', calico, /^$/, 'observe').reason, 'fact_unknown');
    assert.equal(ask('traefik', calico, /^$/, 'enforce').reason, 'fact_unknown');
  });

  const headers = [
    { proxy: 'nginx', header: 'x_role', reason: 'fact_unknown' },
    { proxy: 'caddy', header: 'x_role', reason: 'fact_unknown' },
    { proxy: 'haproxy', header: 'x_role', reason: 'no_policy_applies' },
    { proxy: 'nginx', header: 'x-role', reason: 'no_policy_applies' },
    { proxy: 'envoy', header: 'x-role', reason: 'no_policy_applies' },
    { proxy: 'envoy', header: 'x-other', reason: 'fact_unknown' },
    { proxy: 'envoy', header: 'authorization', reason: 'no_policy_applies' },
  ];
  for (const { proxy, header, reason } of headers)
    it(`${header} of ${proxy}: ${reason}`, () =>
      assert.equal(ask(proxy, policy(condition(`request.headers[${header}]`, 'admin'))).reason, reason));

  it('are said by all proxies of a client that sent no name of a server', () => {
    const other = policy(condition('connection.sni', 'other'));
    for (const proxy of ['nginx', 'caddy', 'haproxy', 'envoy']) {
      const { url, method, lines } = speakers[proxy]!({ sni: '' });
      const model = modelOf(other, { planes: { calico: 'off', l4: 'off' } });
      assert.equal(httpAsker(model).ask(url, lines, method).reason, 'no_policy_applies');
    }
  });

  it('of dynamic metadata, which no proxy can say', () => {
    const metadata = policy(condition('experimental.envoy.filters.a.b[c]', 'd'));
    assert.equal(ask('envoy', metadata).reason, 'fact_unknown');
  });
});
