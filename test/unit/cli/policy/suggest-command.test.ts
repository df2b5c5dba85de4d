import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { RequestRow, RequestsAnswer } from '../../../../src/admin-api/seen/requests.ts';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const HOUR_MS = 3_600_000;
const id = (name: string, namespace = 'shop'): string => `spiffe://cluster.local/ns/${namespace}/sa/${name}`;
const pod = (name: string, labels: string, account = name): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: ${labels} }
spec: { serviceAccountName: ${account} }
---
`;
const registry = `apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
${pod('web', '{ app: web }')}${pod('api', '{ app: api, tier: back }')}${pod('api-2', '{ app: api, tier: back, version: v2 }', 'api')}${pod('job', '{ app: api }')}${pod('bare', '{ tier: back }')}`;

const row = (more: Partial<RequestRow> = {}): RequestRow => ({
  ...{ decider: null, caller: id('web'), destination: id('api'), namespace: 'shop', port: 8080, protocol: 'http' },
  ...{ method: 'GET', path: '/items/{*}', decision: 'allow', count: 3, lastAt: '2026-01-01T00:00:00.000Z' },
  ...more,
});

type Counter = RequestsAnswer['deciders'][number];
const none = { allowed: 0, denied: 0 };
const counter = (more: Partial<Counter> = {}): Counter => ({
  ...{ decider: null, state: 'here', why: '', overflow: none, unshaped: none, lost: 0, lastAt: null },
  since: new Date(Date.now() - 200 * HOUR_MS).toISOString(),
  ...more,
});

describe('policy suggest', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  async function suggest(
    requests: readonly RequestRow[],
    {
      words = [],
      deciders = [counter()],
      policies = '',
    }: { words?: readonly string[]; deciders?: readonly Counter[]; policies?: string } = {},
  ) {
    const seen: RequestsAnswer = { requests, requestCount: requests.length, deciders };
    writeFileSync(dir.at('seen.json'), JSON.stringify(seen));
    writeFileSync(dir.at('registry.yaml'), registry);
    writeFileSync(dir.at('policies.yaml'), policies);
    const terminal = recordingTerminal();
    const places = ['--policies', dir.at('policies.yaml'), '--registry', dir.at('registry.yaml')];
    await runCommandLine(['policy', 'suggest', ...words, '--seen', dir.at('seen.json'), ...places], terminal);
    return terminal.said;
  }

  it('writes what was seen, callers and paths that are alike together, each line with its count', async () => {
    const { out, err, code } = await suggest([
      row(),
      row({ method: 'HEAD', count: 2 }),
      row({ method: 'POST', path: '/items', count: 1 }),
      row({ caller: id('job'), method: 'GET', count: 4 }),
      row({ caller: id('job'), method: 'HEAD', count: 4 }),
      row({ caller: id('job'), method: 'POST', path: '/items', count: 4 }),
      row({ decision: 'deny', path: '/secret', count: 9 }),
    ]);
    assert.equal(code, 0, err);
    assert.match(out, /- "cluster.local\/ns\/shop\/sa\/job" # 12\n {8}- "cluster.local\/ns\/shop\/sa\/web" # 6/);
    assert.match(out, /methods:\n {8}- "GET" # 7\n {8}- "HEAD" # 6\n {8}paths:\n {8}- "\/items\/\{\*\}" # 13/);
    assert.match(out, /matchLabels:\n {6}"tier": "back"|matchLabels:\n {6}"app": "api"\n {6}"tier": "back"/);
    assert.doesNotMatch(out, /secret/);
  });

  const gaps: readonly {
    readonly name: string;
    readonly requests: readonly RequestRow[];
    readonly decider?: Partial<Counter>;
    readonly why: RegExp;
  }[] = [
    {
      name: 'a window that is too short',
      requests: [row()],
      decider: { since: new Date().toISOString() },
      why: /--min-window wants 168 hours/,
    },
    {
      name: 'Checks without a row',
      requests: [row()],
      decider: { overflow: { allowed: 2, denied: 0 } },
      why: /2 allowed Checks of this server had no row/,
    },
    {
      name: 'requests without a shape',
      requests: [row()],
      decider: { unshaped: { allowed: 5, denied: 0 } },
      why: /5 allowed requests/,
    },
    { name: 'a decider that died', requests: [row()], decider: { lost: 1 }, why: /ended without a last word/ },
    {
      name: 'a silent decider',
      requests: [row()],
      decider: { decider: 'node-1', state: 'silent', why: 'it is off' },
      why: /node-1 is silent: it is off/,
    },
    { name: 'a caller without an identity', requests: [row({ caller: '' })], why: /has no SPIFFE ID/ },
    {
      name: 'a path that reads as a pattern',
      requests: [row({ path: '=/admin/*' })],
      why: /"GET \/admin\/\*" .* reads as a pattern/,
    },
    { name: 'a method that reads as a pattern', requests: [row({ method: '*' })], why: /reads as a pattern/ },
    { name: 'a request that names no port', requests: [row({ port: null })], why: /names no port/ },
  ];
  it('prints one JSON document of a refusal too', async () => {
    const { code, out } = await suggest([row()], { words: ['--output', 'json'], deciders: [counter({ lost: 3 })] });
    const document = JSON.parse(out) as { readonly suggested: boolean; readonly gaps: readonly string[] };
    assert.deepEqual([code, document.suggested, document.gaps.length], [1, false, 1]);
  });

  for (const { name, requests, decider, why } of gaps)
    it(`refuses for ${name}, and leaves just that out with --accept-gaps`, async () => {
      const deciders = [counter(decider)];
      const refused = await suggest([...requests, row({ path: '/plain' })], { deciders });
      assert.deepEqual([refused.code, refused.out], [1, '']);
      assert.match(refused.err, why);
      const { code, out } = await suggest([...requests, row({ path: '/plain' })], {
        deciders,
        words: ['--accept-gaps'],
      });
      assert.equal(code, 0);
      assert.match(out, /\/plain/);
      assert.doesNotMatch(out, /admin|"\*"/);
    });

  it('says clearly that nobody called a workload', async () => {
    const { code, err } = await suggest([row()], { words: ['shop/cart'] });
    assert.equal(code, 2);
    assert.match(err, /nobody was seen to call shop\/cart, so that there is nothing to allow/);
  });

  it('leaves out what no label can select, and says why', async () => {
    const { code, out, err } = await suggest([row({ destination: id('bare') }), row({ destination: id('gone') })]);
    assert.deepEqual([code, out], [0, '']);
    assert.match(err, /no labels that all pods of shop\/bare have tell them from the other pods of shop/);
    assert.match(err, /no pod of shop\/gone is known/);
  });

  it('adds to a workload that policies speak of what they lack, and nothing that they allow', async () => {
    const policies = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec:
  action: ALLOW
  selector: { matchLabels: { app: api, tier: back } }
  rules: [{ to: [{ operation: { methods: [GET] } }] }]
`;
    const { code, out, err } = await suggest([row(), row({ method: 'PUT', path: '/items' })], { policies });
    assert.equal(code, 0);
    assert.match(out, /"PUT" # 3/);
    assert.doesNotMatch(out, /"GET"/);
    assert.match(err, /1 edges to shop\/api are allowed by policies in force/);
  });

  it('suggests nothing where policies speak of some pods only, nor in the root namespace', async () => {
    const policies = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: api, namespace: shop }
spec: { action: ALLOW, selector: { matchLabels: { version: v2 } }, rules: [{}] }
`;
    const one = await suggest([row()], { policies });
    assert.deepEqual([one.code, one.out.includes('AuthorizationPolicy')], [0, false]);
    assert.match(one.err, /ALLOW policies speak of some of its pods and not of others/);
    const root = await suggest([row()], { words: ['--root-namespace', 'shop'] });
    assert.deepEqual([root.code, root.out], [0, '']);
    assert.match(root.err, /a policy of the root namespace would mean all namespaces/);
  });
});
