import assert from 'node:assert/strict';
import fc from 'fast-check';
import { workloadClasses } from '../../../../src/analysis/classes/workload-classes.ts';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import type { Decision } from '../../../../src/policy/decision.ts';
import type { Facts } from '../../../../src/policy/facts.ts';
import type { Expr, PolicyModel } from '../../../../src/policy/model.ts';
import type { Endpoint, Registry } from '../../../../src/policy/registry/registry.ts';
import { arbitraryFacts, arbitraryModel } from '../../../property/policy/arbitrary-model.ts';
import { plainFacts } from '../../../support/plain-facts.ts';

/** `EDITS=100000` for the long run. */
const RUNS = Number(process.env['EDITS'] ?? 250);
const trustDomains = ['cluster.local'];
const position = { file: 'a.yaml', line: 1, column: 1 };

const workload = (name: string, more: Partial<Endpoint> = {}): Endpoint => ({
  namespace: 'shop',
  name,
  serviceAccount: 'web',
  labels: [['app', 'web']],
  addresses: [`10.0.0.${name.length}`],
  ports: [],
  hostNetwork: false,
  ...more,
});

function modelOf(http: Expr, endpoints: readonly Endpoint[], more: Partial<PolicyModel & Registry> = {}): PolicyModel {
  const ref = { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'shop', name: 'a' } as const;
  const rule = { index: 0, position, effect: 'allow', http, tcp: undefined } as const;
  const subject = { namespace: 'shop', labels: [] };
  const policy = { ref, position, owner: '', mode: 'enforce', subject, rules: [rule] } as const;
  const { hops = [], networkSets = [], serviceAccounts = [] } = more;
  return {
    generation: 1,
    absence: 'upstream',
    hops,
    registry: { endpoints, namespaces: [], serviceAccounts, networkSets },
    planes: [{ id: 'istio', mode: 'enforce', stages: [{ kind: 'any-allow', name: 'ALLOW', policies: [policy] }] }],
  };
}

const endpoint = (key: string, value: string): Expr => ({
  op: 'endpoint',
  end: 'source',
  selector: { op: 'in', key, values: [value] },
  byHops: true,
});
const anything: Expr = { op: 'all', of: [] };
const peer = (value: string, is: 'exact' | 'prefix' = 'exact'): Expr => ({
  op: 'text',
  fact: { of: 'peerName' },
  any: [{ is, value }],
});

const cases: readonly {
  readonly name: string;
  readonly http: Expr;
  readonly one: Partial<Endpoint>;
  readonly other: Partial<Endpoint>;
  readonly more?: Partial<PolicyModel & Registry>;
  readonly alike: boolean;
}[] = [
  { name: 'nothing asked', http: anything, one: {}, other: {}, alike: true },
  { name: 'a label nobody asks', http: anything, one: { labels: [['hash', 'a']] }, other: { labels: [] }, alike: true },
  {
    name: 'values that no selector names',
    http: endpoint('app', 'web'),
    one: { labels: [['app', 'x']] },
    other: { labels: [['app', 'y']] },
    alike: true,
  },
  { name: 'a label that is asked', http: endpoint('app', 'web'), one: {}, other: { labels: [] }, alike: false },
  { name: 'another namespace', http: anything, one: {}, other: { namespace: 'bank' }, alike: false },
  { name: 'accounts nobody names', http: anything, one: {}, other: { serviceAccount: 'other' }, alike: true },
  {
    name: 'accounts behind hops, where each account speaks for all its pods',
    http: anything,
    one: {},
    other: { serviceAccount: 'other' },
    more: { hops: ['10.9.0.0/16'] },
    alike: false,
  },
  {
    name: 'an account that a principal names',
    http: peer('spiffe://cluster.local/ns/shop/sa/web'),
    one: {},
    other: { serviceAccount: 'other' },
    alike: false,
  },
  {
    name: 'accounts where only their namespace is named',
    http: peer('spiffe://cluster.local/ns/shop/', 'prefix'),
    one: {},
    other: { serviceAccount: 'other' },
    alike: true,
  },
  {
    name: 'a start of an account',
    http: peer('spiffe://cluster.local/ns/shop/sa/we', 'prefix'),
    one: {},
    other: { serviceAccount: 'other' },
    alike: false,
  },
  {
    name: 'addresses of which one is in a range that is asked',
    http: { op: 'address', fact: 'source', any: [{ text: '10.0.0.3/32' }] },
    one: {},
    other: {},
    alike: false,
  },
  {
    name: 'addresses of which one is in a network set',
    http: anything,
    one: {},
    other: { addresses: ['10.7.0.1'] },
    more: { networkSets: [{ namespace: '', name: 's', labels: [], nets: ['10.7.0.0/16'] }] },
    alike: false,
  },
  {
    name: 'an address that two workloads hold',
    http: anything,
    one: { addresses: ['10.0.0.1'] },
    other: { addresses: ['10.0.0.1'] },
    alike: false,
  },
  {
    name: 'a named port that is asked',
    http: { op: 'namedPort', end: 'destination', name: 'http' },
    one: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    other: { ports: [{ name: 'http', port: 81, protocol: 'TCP' }] },
    alike: false,
  },
  {
    name: 'labels of their accounts',
    http: { op: 'identity', end: 'source', serviceAccount: { op: 'has', key: 'role' } },
    one: {},
    other: { serviceAccount: 'other' },
    more: { serviceAccounts: [{ namespace: 'shop', name: 'other', labels: [['role', 'x']] }] },
    alike: false,
  },
];

describe('workloadClasses', () => {
  for (const { name, http, one, other, more, alike } of cases)
    it(`${alike ? 'puts together' : 'tells apart'}: ${name}`, () => {
      const model = modelOf(http, [workload('one', one), workload('other', other)], more);
      assert.equal(workloadClasses(model, { trustDomains }).length, alike ? 1 : 2);
    });

  it('leaves out those on the network of their node', () => {
    const model = modelOf(anything, [workload('one', { hostNetwork: true })]);
    assert.deepEqual(workloadClasses(model, { trustDomains }), []);
  });

  it('tells apart by what its user says besides', () => {
    const model = modelOf(anything, [workload('one'), workload('other')]);
    const apart = ({ name }: Endpoint): string => name;
    assert.equal(workloadClasses(model, { trustDomains, apart }).length, 2);
    const selectors = [{ op: 'has', key: 'app' } as const];
    assert.equal(workloadClasses(model, { trustDomains, selectors }).length, 1);
  });

  it('puts 10,000 replicas of 50 workloads in 50 classes', () => {
    const pods = Array.from({ length: 10_000 }, (_, i) =>
      workload('x', {
        labels: [
          ['app', `app-${i % 50}`],
          ['pod-template-hash', `${i}`],
        ],
        addresses: [`10.${(i >> 8) & 255}.${i & 255}.1`],
      }),
    );
    const any = Array.from({ length: 50 }, (_, i) => endpoint('app', `app-${i}`));
    assert.equal(workloadClasses(modelOf({ op: 'any', of: any }, pods), { trustDomains }).length, 50);
  });

  it('gives two of a class equal verdicts in every plane, as destination and as source', () => {
    let compared = 0;
    const ask = fc.tuple(arbitraryModel, fc.array(arbitraryWorkload, { minLength: 6, maxLength: 14 }), arbitraryFacts);
    fc.assert(
      fc.property(ask, ([drawn, endpoints, asked]) => {
        const { registry, planes } = drawn;
        const given = registry ?? { namespaces: [], serviceAccounts: [], networkSets: [] };
        const model = { ...drawn, registry: { ...given, endpoints } };
        const snapshots = planes.map((plane) =>
          compileSnapshot({ ...model, planes: [{ ...plane, mode: 'enforce' }] }, { allowEmpty: true }),
        );
        const verdicts = (from: Endpoint, to: Endpoint): readonly Decision[] =>
          snapshots.map((snapshot) => snapshot.decide(passage(asked, from, to)));
        for (const [one, ...rest] of workloadClasses(model, { trustDomains }))
          for (const same of rest)
            for (const other of endpoints) {
              if (one === undefined || other.hostNetwork) continue;
              compared++;
              assert.deepEqual(verdicts(same, other), verdicts(one, other), `from ${same.name}, not ${one.name}`);
              assert.deepEqual(verdicts(other, same), verdicts(other, one), `to ${same.name}, not ${one.name}`);
            }
      }),
      { numRuns: RUNS },
    );
    assert.ok(compared > RUNS, `only ${compared} pairs of a class were compared`);
  }).timeout(60_000 + RUNS * 500);
});

let made = 0;
const arbitraryWorkload: fc.Arbitrary<Endpoint> = fc
  .record({
    namespace: fc.constantFrom('foo', 'bar'),
    serviceAccount: fc.constantFrom('a', 'b', 'c'),
    labels: fc.constantFrom<Endpoint['labels']>([], [['app', 'details']], [['app', 'other']], [['hash', 'x']]),
    net: fc.constantFrom('10.0.0.', '10.0.1.', '10.1.0.', 'fd00::', '::ffff:10.0.0.'),
    host: fc.integer({ min: 1, max: 99 }),
    ports: fc.constantFrom<Endpoint['ports']>([], [], [{ name: 'web', port: 8080, protocol: 'TCP' }]),
  })
  .map(({ net, host, ...rest }) => ({
    ...rest,
    name: `pod-${made++}`,
    addresses: [`${net}${host}`],
    hostNetwork: false,
  }));

const principalOf = ({ namespace, serviceAccount }: Endpoint): string =>
  `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`;

/** The same request from one workload to another. */
function passage(asked: Facts, from: Endpoint, to: Endpoint): Facts {
  const { sourceAddress, remoteAddress, destinationAddress } = plainFacts({
    source: from.addresses[0]!,
    address: to.addresses[0]!,
  });
  const { namespace, serviceAccount } = to;
  return {
    ...asked,
    sourceAddress,
    remoteAddress,
    destinationAddress,
    sourcePrincipal: principalOf(from),
    destinationPrincipal: principalOf(to),
    peerNames: [principalOf(from)],
    destination: { spiffeId: principalOf(to), namespace, serviceAccount, labels: undefined },
  };
}
