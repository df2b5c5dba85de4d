import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mutantSubjects } from '../../../../src/cli/policy/test/run-files.ts';
import { runMutants } from '../../../../src/cli/policy/test/run-mutants.ts';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const policies = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  selector: { matchLabels: { app: api } }
  rules:
  - from: [{ source: { principals: [cluster.local/ns/shop/sa/web] } }]
    to: [{ operation: { methods: [GET, HEAD], paths: [/items] } }]
`;

const test = (name: string, principal: string, method: string, path: string, decision: string): string =>
  `  - { name: ${name}, request: { source: { principal: "${principal}" }, http: { method: ${method}, path: ${path} } }, expect: { decision: ${decision} } }\n`;
const web = 'spiffe://cluster.local/ns/shop/sa/web';
const [reads, writes, other, below, heads] = [
  test('reads', web, 'GET', '/items', 'allow'),
  test('writes', web, 'POST', '/items', 'deny'),
  test('other', 'spiffe://cluster.local/ns/shop/sa/cart', 'GET', '/items', 'deny'),
  test('below', web, 'GET', '/items/1', 'deny'),
  test('heads', web, 'HEAD', '/items', 'allow'),
];

describe('policy test --mutate', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  function write(tests: string, policy = policies): string {
    writeFileSync(dir.at('policies.yaml'), policy);
    const destination = `{ principal: spiffe://cluster.local/ns/shop/sa/api, labels: { app: api } }`;
    writeFileSync(
      dir.at('tests.yaml'),
      `policies: [policies.yaml]\ndefaults: { destination: ${destination} }\ntests:\n${tests}`,
    );
    return dir.at('tests.yaml');
  }

  async function run(...words: string[]) {
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'test', ...words], terminal);
    return terminal.said;
  }

  async function mutants(...words: string[]) {
    const { out, err, code } = await run(...words, '--mutate', '--output', 'json');
    assert.equal(err, '');
    return { code, ...JSON.parse(out) };
  }

  const whatOf = (some: readonly { readonly result: string; readonly what: string }[], result: string) =>
    some.filter((each) => each.result === result).map(({ what }) => what);

  it('names each change that no test notices, by its place, with a test that notices it', async () => {
    const { code, score, mutants: all } = await mutants(write(reads + other));
    assert.equal(code, 0);
    assert.deepEqual(whatOf(all, 'unnoticed').sort(), [
      'with the path "/items" as "/items*"',
      'without its condition on method',
      'without its condition on path',
      'without the method "HEAD"',
    ]);
    assert.ok(score > 0 && score < 100, String(score));
    for (const { result, file, line, test: wanted } of all) {
      assert.equal(file, dir.at('policies.yaml'));
      assert.ok(line >= 1 && line <= 8);
      if (result !== 'unnoticed') continue;
      writeFileSync(dir.at('more.yaml'), JSON.stringify({ policies: ['policies.yaml'], tests: [wanted] }));
      assert.equal((await run(dir.at('more.yaml'))).code, 0, 'the test passes on the policies as they are');
    }
    const found = all.filter(({ result }: { result: string }) => result === 'unnoticed');
    const more = JSON.stringify({
      policies: ['policies.yaml'],
      tests: found.map(({ test: each }: { test: object }) => each),
    });
    writeFileSync(dir.at('more.yaml'), more);
    const whole = await mutants(dir.at('tests.yaml'), dir.at('more.yaml'));
    assert.deepEqual(whatOf(whole.mutants, 'unnoticed'), [], 'with those tests every change is noticed');
    assert.equal(whole.score, 100);
  });

  it('is content where the tests notice everything', async () => {
    const {
      code,
      score,
      mutants: all,
    } = await mutants(write(reads + writes + other + below + heads), '--fail-under', '100');
    assert.deepEqual(whatOf(all, 'unnoticed'), []);
    assert.deepEqual([code, score], [0, 100]);
  });

  it('does not count what means the same: a rule that another one says already', async () => {
    const twice = `${policies}${policies.slice(policies.indexOf('  - from'))}`;
    const { mutants: all } = await mutants(write(reads + writes + other + below + heads, twice));
    const gone = all.filter(({ what }: { what: string }) => what === 'the rule is gone');
    assert.deepEqual(
      gone.map(({ rule, result }: { rule: number; result: string }) => [rule, result]),
      [
        [0, 'equal'],
        [1, 'equal'],
      ],
    );
  });

  it('fails under a share, says so, and tries no more than it is told', async () => {
    const file = write(reads);
    const low = await run(file, '--mutate', '--fail-under', '90%');
    assert.equal(low.code, 1);
    assert.match(
      low.out,
      /no test notices: shop\/api rule 0 widened: without its condition on method \(.*policies\.yaml:7\)\n {2}would: \{.*\}: deny\n/,
    );
    assert.match(low.out, /changes were noticed \([0-9.]+%, which is less than 90%\)/);
    const few = await run(file, '--mutate', '--most', '1', '--fail-under', '1');
    assert.equal(few.code, 2);
    assert.match(few.out, /\d+ were not tried/);
  });

  it('stops when it is told, with what it has found', async () => {
    const subjects = await mutantSubjects([write(reads)], {});
    const stopping = new AbortController();
    const progress = (done: number): void => {
      if (done === 1) stopping.abort();
    };
    const { mutants: some, left, score } = await runMutants(subjects, { most: 100, stop: stopping.signal, progress });
    assert.deepEqual([some.length, left > 3, score], [2, true, 100]);
  });

  it('refuses tests that fail on the policies as they are', async () => {
    const { code, err } = await run(write(test('wrong', web, 'GET', '/items', 'deny')), '--mutate');
    assert.equal(code, 2);
    assert.match(err, /tests fail on the policies as they are/);
  });

  it('asks about callers that a pattern takes, though no pod of the registry and no test has such a name', async () => {
    const pattern = policies.replace('[cluster.local/ns/shop/sa/web]', '["*/sa/batch-runner"]');
    const { mutants: all } = await mutants(write(other, pattern));
    assert.ok(whatOf(all, 'unnoticed').includes('without its condition on method'), JSON.stringify(all));
    assert.deepEqual(whatOf(all, 'unknown'), []);
  });

  it('does not call equal what is about pods that the registry has not, and says so', async () => {
    const network = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchExpressions: [{ key: role, operator: In, values: [db] }] }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }], ports: [{ port: 5432 }] }]
`;
    const pod = (name: string, labels: string, address: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: ${labels} }
spec: { serviceAccountName: ${name}, containers: [{ name: a, image: a }] }
status: { podIP: ${address}, podIPs: [{ ip: ${address} }] }
---
`;
    const file = write(reads, `${policies}---\n${network}`);
    const config = (registry: string): string => {
      writeFileSync(dir.at('registry.yaml'), registry);
      const text = {
        trustDomain: 'cluster.local',
        policies: { paths: ['policies.yaml'], planes: { l4: 'enforce' } },
        registry: { paths: ['registry.yaml'] },
      };
      writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(text));
      return dir.at('gatehouse.yaml');
    };
    const ofDb = (all: readonly { readonly policy: string; readonly result: string; readonly why?: string }[]) =>
      all.filter(({ policy }) => policy === 'shop/db');
    const without = ofDb((await mutants(file, '--config', config(''))).mutants);
    assert.ok(without.length >= 3 && without.every(({ result }) => result === 'unknown'), JSON.stringify(without));
    assert.match(without[0]?.why ?? '', /the registry has no pod/);
    const pods = pod('db', '{ role: db }', '10.0.0.1') + pod('api', '{ app: api }', '10.0.0.2');
    const withPods = ofDb((await mutants(file, '--config', config(pods))).mutants);
    assert.ok(
      withPods.every(({ result }) => result === 'unnoticed'),
      JSON.stringify(withPods),
    );
  });

  it('does not call equal that tokens are not looked at any more', async () => {
    const tokens = `${policies}---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: shop }
spec: { jwtRules: [{ issuer: me, jwks: '{"keys":[]}' }] }
`;
    const refused =
      '  - { name: refused, request: { source: { principal: "spiffe://cluster.local/ns/shop/sa/web" }, http: { path: /items } }, token: { rejected: { status: 401 } }, expect: { decision: deny } }\n';
    for (const [tests, want] of [
      [reads, 'unknown'],
      [reads + refused, 'noticed'],
    ] as const) {
      const { mutants: all } = await mutants(write(tests, tokens));
      const [gone] = all.filter(({ policyKind }: { policyKind: string }) => policyKind === 'RequestAuthentication');
      assert.equal(gone.result, want);
    }
  });

  it('counts a rule of a DENY policy, and mTLS', async () => {
    const deny = `${policies}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: no-admin, namespace: shop }
spec:
  action: DENY
  rules:
  - to: [{ operation: { paths: [/admin] } }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: STRICT } }
`;
    const { mutants: all } = await mutants(write(reads + other, deny));
    const of = (name: string) =>
      all
        .filter(
          ({ policy, what }: { policy: string; what: string }) => policy === name && what === 'the policy is gone',
        )
        .map(({ result }: { result: string }) => result);
    assert.deepEqual(of('shop/no-admin'), ['unnoticed'], 'pods without the label app: api have no other policy');
    assert.deepEqual(of('shop/default'), ['unnoticed']);
  });
});
