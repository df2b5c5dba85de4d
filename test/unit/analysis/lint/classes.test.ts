import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lint } from '../../../../src/analysis/lint/lint.ts';
import type { LintFinding } from '../../../../src/analysis/lint/scene/lint-finding.ts';
import type { LintDeps } from '../../../../src/analysis/lint/scene/lint-scene.ts';
import { unguarded } from '../../../../src/authz/question.ts';
import { joinKindTables } from '../../../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../../../src/policy/dialects/table.ts';
import { joinPolicies } from '../../../../src/policy/load.ts';
import type { Absence } from '../../../../src/policy/model.ts';
import { createOwnerIndex } from '../../../../src/policy/owners.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';
import { mesh } from '../../../support/planted.ts';

/** `EDITS=100000` for the long run. */
const RUNS = Math.ceil(Number(process.env['EDITS'] ?? 60));
const kinds = joinKindTables(policyKinds, registryKinds);
const document = (value: unknown): string => `${JSON.stringify(value)}\n---\n`;

function depsOf(text: string): LintDeps {
  const files = [readPolicies('world.yaml', text, { ...mesh, kinds })];
  assert.deepEqual(
    files.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error')),
    [],
  );
  const planes = { calico: 'enforce', l4: 'enforce' } as const;
  const join = (absence: Absence) =>
    joinPolicies(files, { generation: 1, absence, rootNamespace: mesh.rootNamespace, planes }).model;
  const model = join('upstream');
  const ownerOf = createOwnerIndex(model.registry, []);
  return { model, strict: join('strict'), options: unguarded, trustDomain: mesh.trustDomain, ownerOf };
}

const said = ({ line, column, severity, code }: LintFinding): string => `${line}:${column} ${severity} ${code}`;

const app = fc.constantFrom('web', 'cart', 'pay');
const namespace = fc.constantFrom('shop', 'bank');
const selector = fc.oneof(
  app.map((name) => ({ matchLabels: { app: name } })),
  fc.constant({}),
);

let made = 0;
const meta = (of: string, where?: string) => ({ name: `${of}-${made++}`, ...(where && { namespace: where }) });

const pod = fc
  .record({ app, namespace, hash: fc.constantFrom('a', 'b', 'c') })
  .map(({ app: name, namespace: where, hash }) =>
    document({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...meta('pod', where), labels: { app: name, 'pod-template-hash': `${hash}${made}` } },
      spec: { serviceAccountName: name, containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
      status: { phase: 'Running', podIP: `10.${made >> 14}.${(made >> 7) & 127}.${made & 127}` },
    }),
  );

const source = fc.oneof(
  fc.tuple(namespace, app).map(([n, a]) => ({ principals: [`cluster.local/ns/${n}/sa/${a}`] })),
  fc.tuple(namespace, app).map(([n, a]) => ({ notPrincipals: [`cluster.local/ns/${n}/sa/${a}`] })),
  namespace.map((n) => ({ namespaces: [n] })),
  fc.constant({ ipBlocks: ['10.0.0.0/26'] }),
);
const istio = fc
  .record({
    namespace,
    app: fc.option(app),
    action: fc.constantFrom('ALLOW', 'DENY'),
    source: fc.option(source),
    get: fc.boolean(),
  })
  .map(({ namespace: where, app: name, action, source: from, get }) =>
    document({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: meta('istio', where),
      spec: {
        ...(name && { selector: { matchLabels: { app: name } } }),
        action,
        rules: [
          { ...(from && { from: [{ source: from }] }), ...(get && { to: [{ operation: { methods: ['GET'] } }] }) },
        ],
      },
    }),
  );
const transport = fc.constantFrom('STRICT', 'PERMISSIVE').map((mode) =>
  document({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: meta('peer', 'shop'),
    spec: { mtls: { mode } },
  }),
);
const network = fc
  .record({ namespace, selector, from: fc.option(selector), egress: fc.boolean() })
  .map(({ namespace: where, selector: podSelector, from, egress }) => {
    const peers = from === null ? {} : { [egress ? 'to' : 'from']: [{ podSelector: from }] };
    return document({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: meta('network', where),
      spec: { podSelector, policyTypes: [egress ? 'Egress' : 'Ingress'], [egress ? 'egress' : 'ingress']: [peers] },
    });
  });
const calico = fc
  .record({
    app,
    action: fc.constantFrom('Allow', 'Deny'),
    source: fc.oneof(
      app.map((name) => ({ selector: `app == '${name}'` })),
      app.map((name) => ({ serviceAccounts: { names: [name] } })),
      fc.constant({}),
    ),
    http: fc.boolean(),
  })
  .map(({ app: name, action, source: from, http }) =>
    document({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: meta('calico'),
      spec: {
        selector: `app == '${name}'`,
        types: ['Ingress'],
        ingress: [{ action, source: from, ...(http && action === 'Allow' && { http: { methods: ['GET'] } }) }],
      },
    }),
  );
const world = fc
  .tuple(
    fc.array(pod, { minLength: 3, maxLength: 12 }),
    fc.array(fc.oneof(istio, istio, network, network, calico, transport), { minLength: 1, maxLength: 8 }),
  )
  .map(([pods, policies]) => [...pods, ...policies].join(''));

describe('lint by classes of workloads', () => {
  it('finds what it finds when each workload is asked by itself', () => {
    const codes = new Set<string>();
    fc.assert(
      fc.property(world, (text) => {
        const deps = { ...depsOf(text), someClasses: 100 };
        const found = lint(deps);
        for (const { code } of found) codes.add(code);
        assert.deepEqual(new Set(found.map(said)), new Set(lint({ ...deps, by: 'each' }).map(said)));
      }),
      { numRuns: RUNS },
    );
    assert.ok(codes.size >= 4, [...codes].join());
  }).timeout(60_000 + RUNS * 2_000);

  it('names the rules about which not every request was asked', () => {
    let text = '';
    for (let i = 0; i < 300; i++)
      text += document({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `pod-${i}`, namespace: `team-${i}`, labels: { app: 'web' } },
        spec: { serviceAccountName: 'web', containers: [{ name: 'c' }] },
        status: { phase: 'Running', podIP: `10.0.${i >> 7}.${i & 127}` },
      });
    for (let i = 0; i < 300; i++)
      text += document({
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: `open-${i}`, namespace: `team-${i}` },
        spec: { rules: [{ to: [{ operation: { methods: ['GET', 'POST'] } }] }] },
      });
    text += document({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'nobody' },
      spec: { selector: 'all()', types: ['Ingress'] },
    });
    const unfinished = lint(depsOf(text)).filter(({ code }) => code === 'lint-unfinished');
    assert.ok(unfinished.length > 0);
    for (const { message, line, others = [] } of unfinished) {
      const [, count] = /^of (\d+) of/.exec(message) ?? [];
      assert.equal(others.length, Number(count) - 1); // the first is where the finding stands
      assert.match(
        message,
        /^of \d+ of the 300 rules that [a-z0-9-]+ is about .*rule 0 of AuthorizationPolicy team-\d+\/open-\d+ \(world\.yaml:\d+\)/,
      );
      assert.ok(line > 0);
    }
  });
});
