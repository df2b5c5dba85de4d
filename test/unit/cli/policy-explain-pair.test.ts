import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Explanation } from '../../../src/analysis/explain.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { recordingTerminal } from '../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const registry = `apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { kubernetes.io/metadata.name: shop }, annotations: { gatehouse.dev/owner: shop-team } }
---
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: shop, labels: { app: web } }
spec: { serviceAccountName: web }
status: { podIPs: [{ ip: 10.0.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: api-1, namespace: shop, labels: { app: api } }
spec: { serviceAccountName: api, containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }] }] }
status: { podIPs: [{ ip: 10.0.0.2 }] }
`;

const istio = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  selector: { matchLabels: { app: api } }
  rules:
  - from: [{ source: { principals: ["cluster.local/ns/shop/sa/web"] } }]
    to: [{ operation: { methods: [GET], ports: ["8080"] } }]
`;

const network = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web-out, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Egress]
  egress:
  - to: [{ podSelector: { matchLabels: { app: db } } }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api-in, namespace: shop, annotations: { gatehouse.dev/owner: network-team } }
spec:
  podSelector: { matchLabels: { app: api } }
  ingress:
  - from: [{ podSelector: { matchLabels: { app: web } } }]
    ports: [{ port: 8080 }]
`;

async function scene(): Promise<TempDir> {
  const dir = await tempDir();
  for (const name of ['policies/platform', 'registry']) mkdirSync(dir.at(name), { recursive: true });
  writeFileSync(dir.at('policies/istio.yaml'), istio);
  writeFileSync(dir.at('policies/platform/network.yaml'), network);
  writeFileSync(dir.at('registry/all.yaml'), registry);
  writeFileSync(
    dir.at('gatehouse.yaml'),
    'trustDomain: cluster.local\npolicies: { paths: [./policies], owners: { ./policies/platform: platform-team } }\nregistry: { paths: [./registry] }\n',
  );
  return dir;
}

async function explain(dir: TempDir, ...args: readonly string[]) {
  const terminal = recordingTerminal();
  await runCommandLine(['policy', 'explain', '--offline', '--config', dir.at('gatehouse.yaml'), ...args], terminal);
  return terminal.said;
}

const told = ({ out }: { readonly out: string }): Explanation => JSON.parse(out) as Explanation; // the command's own document

const names = [
  ['shop/web', 'shop/api'],
  ['shop/web-1', 'shop/api-1'],
  ['spiffe://cluster.local/ns/shop/sa/web', 'spiffe://cluster.local/ns/shop/sa/api'],
  ['10.0.0.1', '10.0.0.2'],
] as const;

describe('gatehouse policy explain A B', () => {
  for (const [from, to] of names) {
    it(`takes ${from} and ${to}`, async () => {
      await using dir = await scene();
      const said = await explain(dir, from, to, '--output', 'json');
      assert.equal(said.code, 0, said.err);
      const { request, policy } = told(said);
      assert.equal(policy, 'shop/api');
      assert.deepEqual(request?.source, { principal: 'spiffe://cluster.local/ns/shop/sa/web', address: '10.0.0.1' });
      assert.equal(request?.destination?.address, '10.0.0.2');
      assert.equal(request?.destination?.port, 8080, 'the port that its pod names');
    });
  }

  it('shows every plane and direction, with its owner, and what would turn the observed one round', async () => {
    await using dir = await scene();
    const said = await explain(dir, 'shop/web', 'shop/api', '--output', 'json');
    const { planes, stages } = told(said);
    assert.deepEqual(
      planes.map(({ plane, mode, decision, policy }) => [plane, mode, decision, policy]),
      [
        ['istio', 'enforce', 'allow', 'shop/api'],
        ['l4', 'observe', 'deny', null],
      ],
    );
    const network = stages.filter(({ plane }) => plane === 'l4');
    assert.deepEqual(
      network.map(({ direction, endpoint, decision, policies }) => [
        direction,
        endpoint,
        decision,
        policies[0]?.policy,
        policies[0]?.owner,
      ]),
      [
        ['egress', 'shop/web-1', 'deny', 'shop/web-out', 'shop-team'],
        ['ingress', undefined, 'allow', 'shop/api-in', 'network-team'],
      ],
    );
    const flip = planes[1]?.flip?.policy;
    assert.equal(flip?.policy, 'shop/web-out');
    assert.match(flip.diff, /^\+ .*podSelector: \{ matchLabels: \{ app: "api" \} \}/m);
    assert.doesNotMatch(flip.diff, /\(null\)/);
  });

  it('asks what the flags say', async () => {
    await using dir = await scene();
    const post = await explain(dir, 'shop/web', 'shop/api', '--method', 'POST');
    assert.equal(post.code, 1);
    assert.match(post.out, /^DENY {2}denied: no_rule_allowed/);
    const other = told(
      await explain(dir, 'shop/web', 'shop/api', '--port', '9', '--header', 'X-A: 1', '--output', 'json'),
    );
    assert.equal(other.nearMisses[0]?.first.text, 'destination port is "9", must be "8080"');
    const tcp = told(await explain(dir, 'shop/web', 'shop/api', '--tcp', '--output', 'json'));
    assert.equal(tcp.request?.http, undefined);
    assert.equal(tcp.decision, 'deny', 'a rule with methods never allows a TCP connection');
  });

  const wrong: readonly { readonly args: readonly string[]; readonly want: RegExp }[] = [
    { args: ['shop/web'], want: /shop\/web asks whom\? Name a second workload/ },
    { args: ['web', 'shop/api'], want: /"web" names no workload: write namespace\/serviceAccount, / },
    { args: ['shop/web', '192.0.2.1'], want: /192\.0\.2\.1 is no workload of the registry/ },
    { args: ['shop/web', 'shop/api', '--port', '0'], want: /write a number from 1 to 65535/ },
    { args: [], want: /name two workloads, or give --request FILE/ },
  ];
  for (const { args, want } of wrong) {
    it(`cannot say: ${args.join(' ') || 'nothing asked'}`, async () => {
      await using dir = await scene();
      const { code, err } = await explain(dir, ...args);
      assert.equal(code, 2);
      assert.match(err, want);
    });
  }
});
