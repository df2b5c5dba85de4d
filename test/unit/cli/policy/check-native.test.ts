import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ObjectsAnswer } from '../../../../src/admin-api/objects.ts';
import type { NativeRow } from '../../../../src/policy/compile-envoy/native-report.ts';
import { commandLine } from '../../../support/command-line.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const rule = '{from: [{source: {principals: [cluster.local/ns/foo/sa/a], remoteIpBlocks: [10.0.0.0/8]}}]}';
const policies = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: shop}
spec: {rules: [${rule}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: r, namespace: shop}
spec: {selector: {matchLabels: {app: x}}, jwtRules: [{issuer: x, jwks: '{"keys":[]}'}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: s, namespace: shop}
spec: {selector: {matchLabels: {app: yy}}, jwtRules: [{issuer: x, jwks: '{"keys":[]}', fromHeaders: [{name: host}]}]}
`;

const secret = Buffer.alloc(32).toString('base64url');
/** What rules for tokens come to. */
const cases: readonly { readonly name: string; readonly rule: string; readonly want: RegExp }[] = [
  {
    name: 'keys that will be fetched',
    rule: '{issuer: x, jwksUri: "https://x.example/keys"}',
    want: /whose token Envoy does not accept/,
  },
  {
    name: 'secrets',
    rule: `{issuer: x, jwks: '{"keys":[{"kty":"oct","k":"${secret}"}]}'}`,
    want: /may bring a token: the key set .* holds secrets, which stay here/,
  },
  {
    name: 'a prefix of two lines',
    rule: '{issuer: x, jwksUri: "https://x.example/keys", fromHeaders: [{name: x-jwt, prefix: "a\\nb"}]}',
    want: /may bring a token: the prefix of a token rule holds a line break/,
  },
];

describe('policy check --native', () => {
  for (const { name, rule: tokenRule, want } of cases)
    it(`says of rules for tokens why requests ask: ${name}`, async () => {
      await using dir = await tempDir();
      const document = policies.replace(`{issuer: x, jwks: '{"keys":[]}'}`, () => tokenRule);
      writeFileSync(dir.at('policies.yaml'), document);
      const { out } = await commandLine('policy', 'check', '--native', dir.at('.'), '--output', 'json');
      const { native } = JSON.parse(out) as { readonly native: readonly NativeRow[] }; // our own command's answer
      assert.match(native[0]?.asks.map(({ reason }) => reason).join('\n') ?? '', want);
    });

  it('tells which rule and which field of it asks, and which workloads ask about everything', async () => {
    await using dir = await tempDir();
    writeFileSync(dir.at('policies.yaml'), policies);
    const { out, code } = await commandLine('policy', 'check', '--native', dir.at('.'), '--output', 'json');
    assert.equal(code, 0);
    const { native } = JSON.parse(out) as { readonly native: readonly NativeRow[] }; // our own command's answer
    const [withTokens, strange, whole] = native;
    assert.deepEqual(withTokens?.labels, [['app', 'x']]);
    assert.equal(withTokens?.everything, undefined);
    assert.ok(
      withTokens?.asks.some(
        ({ reason }) => reason === 'requests that may bring a token: no key has come to verify them by',
      ),
    );
    assert.deepEqual(strange?.labels, [['app', 'yy']]);
    assert.match(strange?.everything ?? '', /a token rule reads or writes the header host/);
    assert.equal(whole?.everything, undefined);
    assert.deepEqual(
      whole?.asks.filter(({ policy }) => policy !== undefined).map((ask) => [ask.policy?.name, ask.rule, ask.field]),
      [['p', 0, 'remote address']],
    );
  });

  it('tells people the same, and without the option nothing', async () => {
    await using dir = await tempDir();
    writeFileSync(dir.at('policies.yaml'), policies);
    const { out } = await commandLine('policy', 'check', '--native', dir.at('.'));
    assert.match(out, /shop app=yy: everything asks: .*\n.*shop: Envoy decides/s);
    assert.match(out, /asks: shop\/p rule 0: remote address/);
    assert.doesNotMatch((await commandLine('policy', 'check', dir.at('.'))).out, /Envoy decides/);
  });

  describe('with the registry that a server has', () => {
    const network = `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: in, namespace: shop}
spec: {podSelector: {matchLabels: {app: x}}, ingress: [{from: [{podSelector: {matchLabels: {app: yy}}}]}]}
`;
    const pod = (name: string, account: string, labels: string, ip: string): string =>
      `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {${labels}}}\nspec: {serviceAccountName: ${account}}\nstatus: {podIP: ${ip}}\n`;
    const pods = [
      pod('x-1', 'api', 'app: x, hash: a1', '10.0.0.1'),
      pod('x-2', 'api', 'app: x, hash: a1', '10.0.0.2'),
      pod('y-1', 'web', 'app: yy', '10.0.0.3'),
    ].join('');
    const byIp = policies.split('---')[0]!; // before the first
    const config = {
      ...{ trustDomain: 'cluster.local', dataDir: 'data' },
      policies: { paths: ['policies'], planes: { l4: 'enforce' } },
      registry: { paths: ['pods'] },
      workloads: [{ namespace: 'ops', serviceAccount: 'job', addresses: ['10.0.1.1/32'] }],
      entries: [{ spiffeId: 'spiffe://cluster.local/ns/vm/sa/db', selectors: ['unix:uid:1'] }],
    };

    async function written(files: Readonly<Record<string, string>>) {
      const dir = await tempDir();
      for (const name of ['policies', 'pods']) mkdirSync(dir.at(name));
      writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(config));
      for (const [name, text] of Object.entries(files)) writeFileSync(dir.at(name), text);
      return dir;
    }
    const rowsOf = (out: string): readonly NativeRow[] => (JSON.parse(out) as { native: NativeRow[] }).native; // our own answer
    const seen = ({ namespace, serviceAccount, labels, pods: count, rules, letsIn, everything }: NativeRow) => [
      `${namespace}/${serviceAccount} ${(labels ?? []).map((each) => each.join('=')).join()} ${count}`,
      everything === undefined ? `${rules.decided}+${rules.asking} ${letsIn?.addresses}` : everything,
    ];
    const ofPods = [
      ['shop/api app=x 2', '0+1 1'],
      ['shop/web app=yy 1', '0+1 4'],
    ];

    it('of a configuration, tells what each of its workloads, pods and entries comes to', async () => {
      await using dir = await written({ 'policies/p.yaml': byIp + network, 'pods/pods.yaml': pods });
      const { out, code } = await commandLine(
        ...['policy', 'check', '--native', '--config', dir.at('gatehouse.yaml'), '--output', 'json'],
      );
      assert.equal(code, 0);
      assert.deepEqual(rowsOf(out).map(seen), [
        ['ops/job  0', '0+0 4'],
        ...ofPods,
        ['vm/db  0', 'the plane l4 is enforced, and the registry knows no address of the workload'],
      ]);
      const asking = rowsOf(out)
        .flatMap(({ asks }) => asks)
        .filter(({ policy }) => policy !== undefined);
      assert.deepEqual(
        asking.map(({ policy, rule, field, file, line }) => [policy?.name, rule, field, file, line]),
        [1, 2].map(() => ['p', 0, 'remote address', dir.at('policies/p.yaml'), 5]),
      );
      for (const { depth, bytes } of rowsOf(out)) assert.ok(depth > 10 && depth < 100 && bytes > 10);
    });

    it('takes the policies that are named in place of its own, and pods that lie beside them', async () => {
      await using dir = await written({ 'policies/p.yaml': 'broken: [', 'p.yaml': byIp + network, 'pods.yaml': pods });
      const { out, code } = await commandLine(
        ...['policy', 'check', dir.at('p.yaml'), dir.at('pods.yaml'), '--native'],
        ...['--config', dir.at('gatehouse.yaml'), '--output', 'json'],
      );
      assert.equal(code, 0);
      assert.deepEqual(rowsOf(out).map(seen).slice(1, 3), ofPods);
    });

    it('tells people where each rule stands that asks, and once what asks everywhere', async () => {
      await using dir = await written({ 'policies/p.yaml': byIp + network, 'pods/pods.yaml': pods });
      const { out } = await commandLine('policy', 'check', '--native', '--config', dir.at('gatehouse.yaml'));
      assert.match(
        out,
        /^shop\/api app=x \(2 pods\): Envoy decides 0 of 1 rule, by \d+ bytes, \d+ of 100 messages deep$/m,
      );
      assert.match(out, /^ {2}l4: 1 address let in for certain$/m);
      assert.match(out, /^ {2}asks: shop\/p rule 0: remote address .*\/policies\/p\.yaml:5\)$/m);
      assert.match(out, /^vm\/db \(labels unknown\): everything asks: the plane l4 is enforced/m);
      assert.equal(out.match(/gh\.serial is not set/g)?.length, 1);
    });

    it('does not pass over a registry that cannot be read', async () => {
      await using dir = await written({ 'policies/p.yaml': byIp, 'pods/pods.yaml': 'kind: Pod\nspec: [' });
      const { out, code } = await commandLine('policy', 'check', '--native', '--config', dir.at('gatehouse.yaml'));
      assert.equal(code, 1);
      assert.match(out, /pods\.yaml:\d+:\d+: error/);
    });

    describe('of a running server', () => {
      let answer: ObjectsAnswer;
      const server = createServer((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
      const objects = pods.split('---').slice(1); // empty before the first
      const object = (text: string) => ({ kind: 'Pod', isPolicy: false, namespace: 'shop', text });
      after(() => void server.close());

      it('counts the pods that it follows, and says where it follows none', async () => {
        await using dir = await written({ 'policies/p.yaml': byIp + network });
        await new Promise<void>((resolve) => server.listen(dir.at('admin.sock'), resolve));
        const asked = ['policy', 'check', '--native', '--config', dir.at('gatehouse.yaml'), '--output', 'json'];
        const run = () => commandLine(...asked, '--admin', `unix:${dir.at('admin.sock')}`);
        answer = { objects: objects.map(object), objectCount: 3, follows: { policies: false, registry: true } };
        assert.deepEqual(
          rowsOf((await run()).out)
            .map(seen)
            .slice(1, 3),
          ofPods,
        );
        answer = { ...answer, follows: { policies: false, registry: false } };
        const none = await run();
        assert.equal(none.code, 2);
        assert.match(none.err, /the running server follows no pods in a cluster/);
        answer = { objects: [], objectCount: 1, follows: { policies: false, registry: true } };
        assert.match((await run()).err, /of 1 objects 0 were told/);
      });
    });
  });
});
