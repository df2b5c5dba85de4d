import assert from 'node:assert/strict';
import { fromPem, toPem } from '../../../../src/identity/pki/pem.ts';
import type { BundleSet } from '../../../../src/spiffe/bundle.ts';
import { createTestClock, openTestAuthority, requestOf } from '../../../support/authority.ts';
import { type HttpAsker, httpAsker, type Lines, type Spoken, speakers } from '../../../support/http-asker.ts';
import { modelOf } from '../../../support/model-of.ts';

const policy = (rest: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: one, namespace: default }
spec: ${rest}
`;
const onlyFrontend = policy(
  '{ rules: [{ from: [{ source: { principals: [cluster.local/ns/default/sa/frontend] } }], to: [{ operation: { methods: [GET, HEAD], paths: [/books*] } }] }] }',
);

/** What is not exactly one certificate, in the forms that proxies have. Each has an `I` that may be lost, not each a `+`. */
function unreadable(der: Buffer): readonly string[] {
  const [base64, pem] = [der.toString('base64'), toPem('CERTIFICATE', der)];
  const cut = der.subarray(0, der.length - 1);
  return [
    ...['abc', '-', '(null)', '{http.request.tls.client}', '%', '%ff%fe', 'null', '0', ','],
    ...[cut, Buffer.concat([der, der]), Buffer.concat([der, Buffer.alloc(1)])].map((some) => some.toString('base64')),
    ...[`${base64}=`, ` ${base64}`, `${base64} `, base64.replace(/.{64}/g, '$& '), base64.replace(/[+I]/g, ' ')],
    ...[cut, Buffer.alloc(0)].map((some) => encodeURIComponent(toPem('CERTIFICATE', some))),
    ...[`${pem}${pem}`, pem.replace('CERTIFICATE', 'X'), pem.slice(0, -20), `${pem}x`].map(encodeURIComponent),
    encodeURIComponent(encodeURIComponent(pem)),
    `Cert="${encodeURIComponent(pem)}";Cert="${encodeURIComponent(pem)}"`,
    `${encodeURIComponent(pem).slice(0, -3)}%`,
  ];
}

describe('questions of HTTP callers', () => {
  let bundles: BundleSet;
  let foreign: string;
  const pems = new Map<string, string>();
  const nowMs = createTestClock().now();
  before(async () => {
    const { authority } = await openTestAuthority();
    const other = await openTestAuthority();
    for (const name of ['frontend', 'batch'])
      pems.set(name, toPem('CERTIFICATE', (await authority.issueX509(requestOf(name))).chain[0]!));
    foreign = toPem('CERTIFICATE', (await other.authority.issueX509(requestOf('frontend'))).chain[0]!);
    bundles = authority.bundles.value;
  });
  const asker = (policies: string, more = {}): HttpAsker =>
    httpAsker(modelOf(policies, { planes: { calico: 'off', l4: 'off' } }), { bundles, nowMs, ...more });

  const table: readonly { name: string; spoken: Spoken; status: number; reason: string }[] = [
    {
      name: 'the one that may',
      spoken: { certificate: 'frontend', uri: '/books/1?x=2' },
      status: 200,
      reason: 'rule_allowed',
    },
    {
      name: 'HEAD',
      spoken: { certificate: 'frontend', uri: '/books', method: 'HEAD' },
      status: 200,
      reason: 'rule_allowed',
    },
    {
      name: 'another method',
      spoken: { certificate: 'frontend', uri: '/books', method: 'POST' },
      status: 403,
      reason: 'no_rule_allowed',
    },
    {
      name: 'another path',
      spoken: { certificate: 'frontend', uri: '/admin' },
      status: 403,
      reason: 'no_rule_allowed',
    },
    { name: 'another caller', spoken: { certificate: 'batch', uri: '/books' }, status: 403, reason: 'no_rule_allowed' },
    { name: 'nobody', spoken: { uri: '/books' }, status: 403, reason: 'no_rule_allowed' },
    {
      name: 'a certificate of another CA',
      spoken: { certificate: 'foreign', uri: '/books' },
      status: 403,
      reason: 'peer_not_verified',
    },
    {
      name: 'a path that may be another',
      spoken: { certificate: 'frontend', uri: '/books//1' },
      status: 403,
      reason: 'ambiguous_request',
    },
    {
      name: 'a hidden slash',
      spoken: { certificate: 'frontend', uri: '/books/%2e%2e/admin' },
      status: 403,
      reason: 'ambiguous_request',
    },
  ];
  for (const [proxy, speak] of Object.entries(speakers)) {
    describe(proxy, () => {
      const spokenBy = (spoken: Spoken) =>
        speak({ ...spoken, ...(spoken.certificate && { certificate: pems.get(spoken.certificate) ?? foreign }) });
      for (const { name, spoken, status, reason } of table) {
        it(`${name}: ${status} ${reason}`, () => {
          const { url, method, lines } = spokenBy(spoken);
          const made = asker(onlyFrontend).ask(url, lines, method);
          assert.deepEqual([made.status, made.reason], [status, reason]);
          assert.equal(made.headers.get('cache-control'), 'no-store');
          assert.equal(made.headers.get('x-gatehouse-id'), made.entry.id);
        });
      }

      it('says each thing twice: malformed, whichever it is', () => {
        const { url, method, lines } = spokenBy({ certificate: 'frontend', uri: '/books' });
        const read = lines.filter(([name]) => /^(x-gatehouse|x-forwarded-(?!port))|^host$/i.test(name));
        assert.ok(read.length >= 5);
        for (const [name, value] of read) {
          if (proxy === 'caddy' && name === 'Host') continue; // not read there
          if (proxy === 'traefik' && name === 'Host') continue;
          const twice = asker(onlyFrontend).ask(url, [...lines, [name, value]], method);
          assert.deepEqual([name, twice.status, twice.reason], [name, 403, 'malformed_request']);
        }
      });

      it('says nothing of its own: malformed', () => {
        const { url, method } = spokenBy({});
        const bare: Lines = [['Host', 'details']];
        assert.equal(asker(onlyFrontend).ask(url, bare, method).reason, 'malformed_request');
      });

      it('is asked in every other way: malformed', () => {
        for (const [other, otherSpeak] of Object.entries(speakers)) {
          if (other === proxy) continue;
          const { lines, method } = otherSpeak({ certificate: pems.get('frontend')!, uri: '/books' });
          const made = asker(onlyFrontend).ask(spokenBy({ uri: '/books' }).url, lines, method);
          assert.deepEqual([other, made.status, made.reason], [other, 403, 'malformed_request']);
        }
      });

      it('does not believe a client about where he is', () => {
        const deny = policy('{ action: DENY, rules: [{ from: [{ source: { remoteIpBlocks: [10.0.0.9/32] } }] }] }');
        if (proxy === 'caddy' || proxy === 'traefik' || proxy === 'envoy') return; // they write it themselves
        const { url, lines } = spokenBy({ headers: [['X-Forwarded-For', '1.2.3.4']] });
        assert.equal(asker(deny).ask(url, lines).reason, 'rule_denied');
      });

      it('is believed about a caller of its own link, whose address has a zone', () => {
        const deny = policy('{ action: DENY, rules: [{ from: [{ source: { ipBlocks: ["fe80::/10"] } }] }] }');
        const { url, lines } = spokenBy({ source: '[fe80::1%eth0]:40000' });
        const forwarded = lines.map(([name, said]) => [name, said.replace('[fe80::1%eth0]', 'fe80::1%eth0')] as const);
        assert.equal(asker(deny).ask(url, proxy === 'traefik' ? forwarded : lines).reason, 'rule_denied');
      });

      it('shows no certificate that can be read, or one too many: malformed, and never nobody', () => {
        const isCertificate = (name: string): boolean => /^x-(gatehouse-certificate|.*client-cert)$/i.test(name);
        const { url, lines, method } = spokenBy({ certificate: 'frontend', uri: '/books' });
        const everybody = policy('{ rules: [{}] }');
        const [der] = fromPem('CERTIFICATE', pems.get('frontend')!);
        for (const wrong of unreadable(Buffer.from(der!))) {
          if (proxy === 'envoy' && wrong === '-') continue; // so it says that there is none
          const value = proxy === 'traefik' ? wrong : `=${wrong}`;
          const changed = lines.map(([name, said]) => [name, isCertificate(name) ? value : said] as const);
          const made = asker(everybody).ask(url, changed, method);
          assert.deepEqual(
            [wrong.slice(0, 80), made.status, made.reason],
            [wrong.slice(0, 80), 403, 'malformed_request'],
          );
        }
      });

      it('shows one that has expired, or is not yet valid: not verified', () => {
        const { url, lines, method } = spokenBy({ certificate: 'frontend', uri: '/books' });
        for (const hours of [-10, 10]) {
          const made = asker(onlyFrontend, { nowMs: nowMs + hours * 3_600_000 }).ask(url, lines, method);
          assert.deepEqual([hours, made.status, made.reason], [hours, 403, 'peer_not_verified']);
        }
      });

      it('may announce a workload of another name in the path, and that one is asked for', () => {
        const { url, lines, method } = spokenBy({ certificate: 'frontend', uri: '/books' });
        const without = lines.filter(([name]) => name !== 'x-gatehouse-workload');
        const made = asker(onlyFrontend).ask(url.replace('/details', '/reviews'), without, method);
        assert.equal(made.entry.destination?.spiffeId, 'spiffe://cluster.local/ns/default/sa/reviews');
      });
    });
  }

  const urls = [
    '/check/nginx/default',
    '/check/nginx/default/details/more',
    '/check/nginx/default/details?x=1',
    '/check/nginx/default/details?workload=default/other',
    '/check/nginx//details',
    '/check/nginx/default/Details',
    '/check/nginx/default/details%20',
    '/check/apache/default/details',
    '/check/toString/default/details',
    '/other/nginx/default/details',
    '/',
    '',
    'http://x/check/nginx/default/details',
    '/check/envoy/default/details;x',
    '/check/envoy/default/detailsx%2fbooks',
  ];
  for (const url of urls) {
    it(`asks for no workload: ${JSON.stringify(url)}`, () => {
      const { lines } = speakers.nginx!({ certificate: pems.get('frontend')!, uri: '/books' });
      const made = asker(onlyFrontend).ask(url, lines);
      assert.deepEqual([made.status, made.reason], [403, 'malformed_request']);
    });
  }

  it('lets an Envoy name the workload in a header too, which must be the same', () => {
    const { url, lines, method } = speakers.envoy!({ certificate: pems.get('frontend')!, uri: '/books' });
    const other = lines.map(
      ([name, value]) => [name, name === 'x-gatehouse-workload' ? 'default/other' : value] as const,
    );
    assert.equal(asker(onlyFrontend).ask(url, other, method).reason, 'malformed_request');
  });

  const odd: readonly { name: string; change: Readonly<Record<string, string>>; reason: string }[] = [
    {
      name: 'a certificate that does not parse',
      change: { 'X-Gatehouse-Certificate': '=abc' },
      reason: 'malformed_request',
    },
    { name: 'a certificate without =', change: { 'X-Gatehouse-Certificate': '' }, reason: 'malformed_request' },
    {
      name: 'an empty certificate although one was verified',
      change: { 'X-Gatehouse-Certificate': '=' },
      reason: 'malformed_request',
    },
    {
      name: 'a certificate that nobody has verified',
      change: { 'X-Gatehouse-Verified': '=NONE' },
      reason: 'malformed_request',
    },
    {
      name: 'a certificate that nginx has refused',
      change: { 'X-Gatehouse-Verified': '=FAILED:expired' },
      reason: 'peer_not_verified',
    },
    { name: '(null) for a method', change: { 'X-Gatehouse-Method': '(null)' }, reason: 'malformed_request' },
    {
      name: 'a placeholder for a path',
      change: { 'X-Gatehouse-Uri': '{http.request.uri}' },
      reason: 'malformed_request',
    },
    { name: 'two hosts in one', change: { Host: 'a,b' }, reason: 'malformed_request' },
    { name: 'no path', change: { 'X-Gatehouse-Uri': '' }, reason: 'ambiguous_request' },
    { name: 'an absolute path', change: { 'X-Gatehouse-Uri': 'http://details/books' }, reason: 'ambiguous_request' },
  ];
  for (const { name, change, reason } of odd) {
    it(`denies ${name}`, () => {
      const { url, lines } = speakers.nginx!({ certificate: pems.get('frontend')!, uri: '/books' });
      const changed = lines.map(([key, value]) => [key, change[key] ?? value] as const);
      const made = asker(onlyFrontend).ask(url, changed);
      assert.deepEqual([made.status, made.reason], [403, reason]);
    });
  }

  it('knows the text of Caddy 2.6 for a certificate that nobody showed', () => {
    const { url, lines } = speakers.caddy!({ uri: '/books' });
    const none = lines.map(([name, value]) =>
      name === 'X-Gatehouse-Certificate'
        ? ([name, '={http.request.tls.client.certificate_der_base64}'] as const)
        : ([name, value] as const),
    );
    assert.equal(asker(onlyFrontend).ask(url, none).reason, 'no_rule_allowed');
  });

  it('knows what a Lua fetch of HAProxy makes of no certificate for a certificate that cannot be read', () => {
    const { url, lines } = speakers.haproxy!({ uri: '/books' });
    const odd8 = lines.map(
      ([name, value]) => [name, name === 'x-gatehouse-certificate' ? '=AAAAAAAAAAA=' : value] as const,
    );
    assert.equal(asker(onlyFrontend).ask(url, odd8).reason, 'malformed_request');
  });

  it('takes the first certificate of what Traefik says that the client sent', () => {
    const { url, lines } = speakers.traefik!({ certificate: pems.get('frontend')!, uri: '/books' });
    const all = lines.map(([name, value]) => [name, name.endsWith('Client-Cert') ? `${value},AAAA` : value] as const);
    assert.equal(asker(onlyFrontend).ask(url, all).reason, 'rule_allowed');
  });

  it('asks for its own workload alone, unless the caller is one of the clients', () => {
    const { url, lines } = speakers.nginx!({ certificate: pems.get('frontend')!, uri: '/books' });
    const as = (name: string) => ({ spiffeId: `spiffe://cluster.local/ns/default/sa/${name}`, serial: '1', spki: '1' });
    const reasonFor = (more: object): string => asker(onlyFrontend, more).ask(url, lines).reason;
    assert.equal(reasonFor({ caller: as('details') }), 'rule_allowed');
    assert.equal(reasonFor({ caller: as('edge') }), 'caller_not_authorised');
    assert.equal(
      reasonFor({ caller: as('edge'), clients: ['spiffe://cluster.local/ns/default/sa/edge'] }),
      'rule_allowed',
    );
    assert.equal(reasonFor({ caller: { spiffeId: '', serial: '', spki: '' } }), 'caller_not_authorised');
  });

  it('asks by the ID that the configuration gives to a service account, and by none where it gives several', () => {
    const { url, lines } = speakers.nginx!({ certificate: pems.get('frontend')!, uri: '/books' });
    const workload = (spiffeId: string) => ({
      ...{ namespace: 'default', serviceAccount: 'details', spiffeId, labels: undefined, addresses: [] },
      trustedHops: undefined,
    });
    const one = asker(onlyFrontend, { workloads: [workload('spiffe://cluster.local/books')] }).ask(url, lines);
    assert.equal(one.entry.destination?.spiffeId, 'spiffe://cluster.local/books');
    const two = [workload('spiffe://cluster.local/books'), workload('spiffe://cluster.local/films')];
    assert.equal(asker(onlyFrontend, { workloads: two }).ask(url, lines).reason, 'destination_unknown');
  });
});
