import assert from 'node:assert/strict';
import { interpretTree, type Seen, unavailable } from '../../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf, type WorkloadTrees } from '../../../../src/policy/compile-envoy/workload-trees.ts';
import { istioModel } from '../../../support/native-model.ts';

const workload = {
  spiffeId: 'spiffe://cluster.local/ns/default/sa/details',
  namespace: 'default',
  serviceAccount: 'details',
  labels: new Map<string, string>(),
};
const settings = {
  ...({ verifyPeer: 'off', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream' } as const),
  ...{ trustDomains: ['cluster.local'], allowEmpty: true, keySets: new Map() },
};

const policy = (action: string, rule: string, name = 'p'): string => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: default }
spec: { action: ${action}, rules: [${rule}] }
`;
const byA = 'from: [{source: {principals: [cluster.local/ns/default/sa/a]}}]';
const to = (operation: string): string => `to: [{operation: {${operation}}}]`;

/** So many that callers are looked up first, then method and path as one. */
const several = ['a', 'b', 'c']
  .flatMap((account) =>
    ['GET', 'POST', 'PUT', 'DELETE'].map((method, i) => {
      const from = `from: [{source: {principals: [cluster.local/ns/default/sa/${account}]}}]`;
      return `{${from}, ${to(`methods: [${method}], paths: [/${'abcd'[i]}/*]`)}}`;
    }),
  )
  .join();

const treesBy = (policies: string): WorkloadTrees => {
  const trees = treesOf(istioModel(policies), workload as never, settings); // a SPIFFE ID
  assert.ok(!('everything' in trees));
  return trees;
};

const request: Readonly<Record<string, string>> = {
  uri: 'spiffe://cluster.local/ns/default/sa/a',
  'header::method': 'GET',
  'header::path': '/a/b?c',
  path: '/a/b',
  'state:gh.request': 'GET\n/a/b',
  'state:gh.serial': '4d',
  port: '8080',
};

/** @param absent  inputs that nobody has filled in */
const seen =
  (...absent: readonly string[]): Seen =>
  (input) =>
    absent.includes(input) ? undefined : request[input];

const cases: readonly { readonly name: string; readonly policies: string; readonly reads: readonly string[] }[] = [
  { name: 'nothing where no rule has a path', policies: policy('ALLOW', `{${byA}}`), reads: [] },
  {
    name: 'the path where rules have no method',
    policies: policy('ALLOW', `{${byA}, ${to('paths: [/a/*]')}}`),
    reads: ['gh.path'],
  },
  {
    name: 'method and path in one where rules have both',
    policies: policy('ALLOW', several),
    reads: ['gh.request'],
  },
  {
    name: 'both where some have one and some the other',
    policies: policy('ALLOW', several) + policy('DENY', `{${to('paths: ["*/private"]')}}`, 'd'),
    reads: ['gh.path', 'gh.request'],
  },
  {
    name: 'what only AUDIT reads',
    policies: policy('ALLOW', `{${byA}}`) + policy('AUDIT', `{${to('paths: [/a/*]')}}`, 'audited'),
    reads: ['gh.path'],
  },
  {
    name: 'what only AUDIT looks up otherwise',
    policies: policy('ALLOW', `{${byA}}`) + policy('AUDIT', several, 'audited'),
    reads: ['gh.path', 'gh.request'],
  },
];

describe('what trees read of a request', () => {
  for (const { name, policies, reads } of cases)
    it(`is ${name}`, () => {
      const { http, reads: found } = treesBy(policies);
      assert.deepEqual(found, reads);
      assert.match(interpretTree(http, seen())?.name ?? '', /^n:allow/);
      const others = ['path', 'state:gh.request'].filter((input) => !found.some((key) => input.endsWith(key.slice(3))));
      assert.match(interpretTree(http, seen(...others))?.name ?? '', /^n:allow/, 'what is not read may be absent');
    });

  for (const { name, policies, reads } of cases.slice(1, 4))
    it(`asks where that is not filled in: ${name}`, () => {
      const { http } = treesBy(policies);
      for (const key of reads) {
        const input = key === 'gh.path' ? 'path' : `state:${key}`;
        assert.equal(interpretTree(http, seen(input))?.name, 'ask:path');
      }
    });

  it('asks where nothing says whether the caller has a certificate, with TLS and without', () => {
    const { http } = treesBy(cases[2]!.policies);
    assert.equal(interpretTree(http, seen('state:gh.serial'))?.name, 'ask:certificate');
    const plain: Seen = (input) => (input === 'uri' ? unavailable : seen('state:gh.serial')(input));
    assert.equal(interpretTree(http, plain)?.name, 'ask:certificate');
  });
});

describe('a caller whose name is a key of the tree', () => {
  const { http } = treesBy(cases[2]!.policies);
  const by = (names: Readonly<Record<string, string | undefined>>): string | undefined =>
    interpretTree(http, (input) => (input in names ? names[input] : request[input]))?.name;
  const a = request['uri']!; // written above

  it('is looked up at once, and asks by a DNS name that reads as another', () => {
    assert.equal(by({}), 'n:allow/default/p#0');
    assert.equal(by({ dns: 'spiffe://cluster.local/ns/default/sa/b' }), 'ask:caller');
  });

  const others: readonly [name: string, uri: string | undefined, dns?: string][] = [
    ['has that name twice', `${a},${a}`],
    ['has another name beside it', `${a},spiffe://cluster.local/ns/default/sa/b`],
    ['is of another trust domain', 'spiffe://other/ns/default/sa/a'],
    ['has no SPIFFE ID', 'https://a'],
    ['has a DNS name alone', undefined, 'a.example'],
  ];
  for (const [name, uri, dns] of others)
    it(`is not one who ${name}: he asks`, () => assert.equal(by({ uri, dns }), 'ask:caller'));

  it('is looked up behind what asks about his name where a key is no name that trees can tell', () => {
    const foreign = policy('ALLOW', '{from: [{source: {principals: [other/ns/default/sa/a]}}]}');
    const trees = treesBy(foreign);
    const asked = interpretTree(trees.http, (input) =>
      input === 'uri' ? 'spiffe://other/ns/default/sa/a' : request[input],
    );
    assert.equal(asked?.name, 'ask:caller');
  });
});
