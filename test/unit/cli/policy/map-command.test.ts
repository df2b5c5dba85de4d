import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const pod = (name: string, address: string, labels: string, account = 'default'): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { ${labels} } }
spec: { serviceAccountName: ${account}, containers: [{ name: main, image: x, ports: [{ name: http, containerPort: 8080 }] }] }
status: { podIP: ${address}, podIPs: [{ ip: ${address} }] }
---
`;
const registry = `apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
${pod('web', '10.0.0.1', 'app: web', 'web')}${pod('web-2', '10.0.0.2', 'app: web', 'web')}${pod('api', '10.0.0.3', 'app: api')}`;
const network = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: shop }
spec:
  podSelector: { matchLabels: { app: api } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: http }] }]
---
`;
const mesh = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  selector: { matchLabels: { app: api } }
  rules:
  - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
    to: [{ operation: { methods: [GET, HEAD], paths: ["/v1/*"], notPaths: ["/v1/admin*"] } }]
`;

describe('policy map', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  async function map(policies: string, ...flags: string[]) {
    writeFileSync(`${dir.path}/policies.yaml`, policies);
    writeFileSync(`${dir.path}/registry.yaml`, registry);
    const config = {
      trustDomain: 'cluster.local',
      policies: { paths: ['policies.yaml'], planes: { l4: 'enforce' } },
      registry: { paths: ['registry.yaml'] },
    };
    writeFileSync(`${dir.path}/gatehouse.yaml`, JSON.stringify(config));
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'map', '--config', `${dir.path}/gatehouse.yaml`, ...flags], terminal);
    return terminal.said;
  }

  it('says what all planes let pass together, as small as it can', async () => {
    const { out, code } = await map(network + mesh, '--output', 'json', '--by-plane');
    assert.equal(code, 0);
    const { classes, edges, planes, complete, regions } = JSON.parse(out);
    assert.equal(complete, true);
    assert.deepEqual(planes, ['istio', 'l4']);
    const idOf = (name: string) =>
      classes.find(({ members = [] }: { members?: string[] }) => members.includes(name)).id;
    assert.equal(idOf('shop/web'), idOf('shop/web-2'));
    const into = edges.filter(({ to }: { to: string }) => to === idOf('shop/api'));
    assert.deepEqual(
      into.map(({ from }: { from: string }) => from),
      [idOf('shop/web')],
    );
    const [{ region, deciding }] = into;
    assert.deepEqual(region.ref === undefined ? region : regions[region.ref], [
      {
        mtls: true,
        kinds: ['http'],
        ports: [[8080, 8080]],
        methods: ['GET', 'HEAD'],
        paths: ['/v1/*'],
        notPaths: ['/v1/admin*'],
      },
    ]);
    assert.deepEqual(
      deciding.map(({ plane, policy, rule, line }: Record<string, unknown>) => [plane, policy, rule, line]),
      [
        ['istio', 'shop/api', 0, 14],
        ['l4', 'shop/api', 0, 6],
      ],
    );
  });

  it('tells people in words', async () => {
    const { out } = await map(network + mesh, '--from', 'shop/web', '--to', 'shop/api');
    assert.match(out, /GET, HEAD on \/v1\/\* except \/v1\/admin\*, port 8080, with mTLS/);
  });

  for (const [format, wanted] of [
    ['dot', /^digraph reach \{/],
    ['mermaid', /^flowchart LR/],
    ['svg', /^<svg /],
  ] as const)
    it(`draws for ${format}`, async () => assert.match((await map(network, '--output', format)).out, wanted));

  it('combines the planes that are named', async () => {
    const { out } = await map(network + mesh, '--planes', 'l4', '--output', 'json');
    assert.deepEqual(JSON.parse(out).planes, ['l4']);
  });

  it('combines the plane that is named', async () => {
    const { out } = await map(network + mesh, '--plane', 'istio', '--output', 'json');
    assert.deepEqual(JSON.parse(out).planes, ['istio']);
  });

  it('says that it is unknown, and at which rule, where there is no time for the answer', async () => {
    const rules = Array.from(
      { length: 150 },
      (_, i) => `{ to: [{ operation: { paths: ["/{*}/${i}/{*}", "*/${i}x"] } }] }`,
    );
    const many = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec: { selector: { matchLabels: { app: api } }, rules: [${rules.join(', ')}] }
`;
    for (let ms = 10; ; ms *= 2) {
      const { out, code, err } = await map(many, '--output', 'json', '--timeout', `${ms}ms`);
      const { complete, unknown } = JSON.parse(out);
      assert.deepEqual([code, complete], [2, false], err);
      assert.ok(unknown[0].why.includes(`more than ${ms / 1000} s`));
      if (unknown[0].policy === undefined) continue; // a busy machine needs longer before it asks of rules
      assert.equal(unknown[0].policy, 'AuthorizationPolicy shop/api');
      break;
    }
  });

  it('tells what pods that do not exist could reach, and who could reach them', async () => {
    const { out, code, err } = await map(network, '--universe', 'any', '--output', 'json');
    assert.equal(code, 0, err);
    const { universe, classes, edges, regions } = JSON.parse(out);
    assert.deepEqual([universe.scope, universe.namespaces, universe.pods], ['any', 'any', 3]);
    type Shown = { id: string; members?: string[]; future?: { namespaces: string[]; labels: string } };
    const all = classes as readonly Shown[];
    const api = all.find(({ members = [] }) => members.includes('shop/api'))!;
    const callers = (edges as { from: string; to: string; region: { ref?: string } }[])
      .filter(({ to }) => to === api.id)
      .map(({ from, region }) => [from, region.ref === undefined ? region : regions[region.ref]] as const);
    const web = all.find(({ members = [] }) => members.includes('shop/web'))!;
    const alike = all.filter(({ future }) => future?.namespaces.includes('shop') && future.labels === 'app=web');
    assert.ok(alike.length > 0);
    assert.deepEqual(
      callers,
      [web, ...alike].map(({ id }) => [id, [{ protocols: ['TCP'], ports: [[8080, 8080]] }]]),
    );
    const elsewhere = all.find(({ future }) => future !== undefined && !future.namespaces.includes('shop'))!;
    assert.ok((edges as { from: string; to: string }[]).some(({ from, to }) => from === elsewhere.id && to === web.id));
    assert.ok(all.some(({ future }) => future?.labels === 'app!=api|web'));
  });

  it('knows no class of a name that is none', async () => {
    const { code, err } = await map(network, '--to', 'shop/nobody');
    assert.equal(code, 2);
    assert.match(err, /shop\/nobody is no class, pod/);
  });

  it('takes a condition on the header host for one on the host', async () => {
    const asking = (key: string, value: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec: { selector: { matchLabels: { app: api } }, rules: [{ when: [{ key: "${key}", values: ["${value}"] }] }] }
`;
    const [byHeader, byName] = await Promise.all(
      ['request.headers[host]', 'request.headers[:authority]'].map(async (key) => {
        const { out, code } = await map(
          asking(key, 'api'),
          '--from',
          'shop/web',
          '--to',
          'shop/api',
          '--output',
          'json',
        );
        assert.equal(code, 0);
        return JSON.parse(out).edges.map(({ region }: { region: unknown }) => region);
      }),
    );
    assert.deepEqual(byHeader, byName);
  });

  it('does not guess how the header that tells the client hangs together with its address', async () => {
    const both = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  selector: { matchLabels: { app: api } }
  rules:
  - from: [{ source: { remoteIpBlocks: ["192.0.2.0/24"] } }]
  - when: [{ key: "request.headers[x-forwarded-for]", values: ["192.0.2.1"] }]
`;
    const { out, code } = await map(both, '--output', 'json');
    const { complete, unknown } = JSON.parse(out);
    assert.deepEqual(
      [code, complete, unknown[0].policy, unknown[0].rule, unknown[0].line],
      [2, false, 'AuthorizationPolicy shop/api', 1, 8],
    );
  });

  const tokens = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: shop }
spec: { jwtRules: [{ issuer: shop, audiences: [orders], jwksUri: "https://keys.example/jwks" }] }
---
`;
  const byClaim = (rule: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec: { selector: { matchLabels: { app: api } }, rules: [${rule}] }
`;
  for (const { name, rule, wanted } of [
    {
      name: 'a claim',
      rule: '{ when: [{ key: "request.auth.claims[groups]", values: [admin] }] }',
      wanted: [{ key: 'request.auth.claims[groups]', values: ['admin'] }],
    },
    {
      name: 'a principal of another issuer',
      rule: '{ from: [{ source: { requestPrincipals: ["elsewhere/*"] } }] }',
      wanted: undefined,
    },
    {
      name: 'an audience that the token rule does not take alone',
      rule: '{ when: [{ key: "request.auth.audiences", values: [billing] }] }',
      wanted: [{ key: 'request.auth.claims[aud]', values: ['billing'] }],
    },
    {
      name: 'no token',
      rule: '{ from: [{ source: { notRequestPrincipals: ["*"] } }] }',
      wanted: 'some',
    },
  ])
    it(`tells what tokens let pass: ${name}`, async () => {
      const { out, err, code } = await map(
        tokens + byClaim(rule),
        '--output',
        'json',
        '--from',
        'shop/web',
        '--to',
        'shop/api',
      );
      assert.equal(code, 0, err);
      const { edges, regions } = JSON.parse(out);
      if (wanted === undefined) return assert.deepEqual(edges, []);
      const [{ region }] = edges;
      const boxes = region.ref === undefined ? region : regions[region.ref];
      if (wanted === 'some') return assert.ok(boxes.length > 0);
      const [{ conditions }] = boxes;
      assert.deepEqual(
        conditions.map(({ key, values }: Record<string, unknown>) => ({ key, values })),
        wanted,
      );
    });

  it('names the rule that it cannot represent, and answers nothing', async () => {
    const rewritten = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: shop }
spec: { jwtRules: [{ issuer: shop, jwksUri: "https://keys.example/jwks", outputClaimToHeaders: [{ header: x-who, claim: sub }] }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec: { rules: [{ when: [{ key: "request.headers[x-who]", values: [alice] }] }] }
`;
    const { out, err, code } = await map(rewritten, '--output', 'json');
    assert.equal(code, 2);
    const [{ policy, rule, line }] = JSON.parse(out).unknown;
    assert.deepEqual([policy, rule, line], ['AuthorizationPolicy shop/api', 0, 9]);
    assert.match(err, /unknown: a condition on header x-who/);
  });
});
