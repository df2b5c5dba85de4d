/**
 * Random policies of the planes beside Istio's over a few pods, and connections between these, so that many are let in for certain.
 * @module
 */
import fc from 'fast-check';
import type { Facts } from '../../../src/policy/facts.ts';
import type { LabelExpr } from '../../../src/policy/meaning/labels.ts';
import type { Atom, Expr, Plane, Policy, PolicyModel, Rule, RuleStage, Subject } from '../../../src/policy/model.ts';
import { type Endpoint, emptyRegistry, type LabelPairs, type Registry } from '../../../src/policy/registry/registry.ts';
import { plainFacts } from '../../support/plain-facts.ts';

const position = { file: 'random.yaml', line: 1, column: 1 };
const namespaces = ['default', 'foo', 'bar'];
const accounts = ['a', 'details'];
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.1.0.1', 'fd00::1', '::ffff:10.0.0.2', '172.16.0.1'];
const nets = ['10.0.0.0/8', '10.0.0.0/24', '10.0.0.1/32', '0.0.0.0/0', 'fd00::/16', '::ffff:10.0.0.0/104', '::/0'];
const ports = [80, 8080, 9000, 30_000];
const labelPairs: readonly LabelPairs[] = [
  [],
  [['app', 'details']],
  [['app', 'web']],
  [
    ['app', 'web'],
    ['tier', 'x'],
  ],
];

const selector = fc.constantFrom<LabelExpr>(
  { op: 'all', of: [] },
  { op: 'in', key: 'app', values: ['details'] },
  { op: 'in', key: 'app', values: ['web'] },
  { op: 'has', key: 'tier' },
  { op: 'not', of: { op: 'has', key: 'app' } },
  { op: 'in', key: 'projectcalico.org/namespace', values: ['foo'] },
  { op: 'in', key: 'pcns.team', values: ['t'] },
);

const end = fc.constantFrom('source' as const, 'source' as const, 'destination' as const);
const place: fc.Arbitrary<Atom> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('endpoint' as const), end, selector, byHops: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('address' as const),
      fact: end,
      any: fc.array(
        fc.constantFrom(...nets).map((text) => ({ text })),
        { minLength: 1, maxLength: 2 },
      ),
      unmap: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('port' as const),
      fact: fc.constantFrom('destinationPort' as const, 'destinationPort' as const, 'sourcePort' as const),
      any: fc.constantFrom(
        [{ from: 80, to: 80 }],
        [{ from: 8080, to: 8090 }],
        [{ from: 8000, to: 9000 }],
        [{ from: 1, to: 65_535 }],
      ),
    }),
  },
  fc.constantFrom<Atom>(
    { op: 'protocol', any: [6] },
    { op: 'protocol', any: [17] },
    { op: 'namedPort', end: 'destination', name: 'web' },
    { op: 'namedPort', end: 'source', name: 'web' },
  ),
);
const identity = fc.constantFrom<Atom>(
  { op: 'identity', end: 'source', ownNamespace: 'foo' },
  { op: 'identity', end: 'source', names: ['a'] },
  { op: 'identity', end: 'source', namespace: { op: 'has', key: 'team' } },
  { op: 'identity', end: 'source', serviceAccount: { op: 'has', key: 'app' } },
  { op: 'identity', end: 'destination', names: ['details'] },
);
const http = fc.constantFrom<Expr>(
  { op: 'text', fact: { of: 'method' }, any: [{ is: 'exact', value: 'GET' }] },
  { op: 'text', fact: { of: 'normalPath' }, any: [{ is: 'under', value: '/a' }] },
  {
    op: 'text',
    fact: { of: 'normalPath' },
    any: [
      { is: 'exact', value: '/' },
      { is: 'exact', value: '/a/b' },
    ],
  },
  { op: 'not', of: { op: 'text', fact: { of: 'path' }, any: [{ is: 'prefix', value: '/' }] } },
);

const joined = (atom: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> =>
  fc.oneof(
    { weight: 5, arbitrary: atom },
    { weight: 2, arbitrary: atom.map((of): Expr => ({ op: 'not', of })) },
    { weight: 3, arbitrary: fc.array(atom, { maxLength: 2 }).map((of): Expr => ({ op: 'any', of })) },
    { weight: 3, arbitrary: fc.array(atom, { maxLength: 3 }).map((of): Expr => ({ op: 'all', of })) },
  );
const conditions = (atom: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> =>
  fc
    .array(joined(atom), { maxLength: 3 })
    .map((of) => ({ op: 'all', of: of.flatMap((each) => (each.op === 'all' ? each.of : [each])) }));

const subject: fc.Arbitrary<Subject> = fc.record({
  namespace: fc.constantFrom(undefined, undefined, 'default', 'foo'),
  labels: fc.constantFrom<Subject['labels']>([], [], [['app', 'details']]),
  selector: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, selector),
}) as fc.Arbitrary<Subject>; // an undefined selector is none

function tier(id: 'l4' | 'calico' | 'site', direction?: 'ingress' | 'egress'): fc.Arbitrary<RuleStage> {
  const atom = id === 'calico' ? fc.oneof({ weight: 3, arbitrary: place }, identity, http) : place;
  const effect = fc.constantFrom(
    'allow' as const,
    'allow' as const,
    'allow' as const,
    'deny' as const,
    'pass' as const,
    'log' as const,
  );
  const rule = fc.record({ effect, http: conditions(atom), isTcp: fc.constantFrom(true, true, false) });
  const mode = fc.constantFrom(...Array.from({ length: 11 }, () => 'enforce' as const), 'dry-run' as const);
  const policies = fc.array(fc.record({ subject, mode, rules: fc.array(rule, { maxLength: 3 }) }), { maxLength: 2 });
  return fc
    .record({
      policies,
      onNoMatch: fc.constantFrom('deny' as const, 'deny' as const, 'pass' as const, 'allow' as const),
    })
    .map(({ policies: some, onNoMatch }) => ({
      kind: 'first-match',
      name: 'tier',
      onNoMatch,
      ...(direction && { direction }),
      policies: some.map(
        ({ rules, ...rest }, i): Policy => ({
          ...rest,
          ref: { dialect: 'calico', kind: 'GlobalNetworkPolicy', namespace: '', name: `p${i}` },
          ...{ position, owner: '' },
          rules: rules.map(
            ({ isTcp, ...each }, index): Rule => ({ ...each, tcp: isTcp ? each.http : undefined, index, position }),
          ),
        }),
      ),
    }));
}

const mode = fc.constantFrom('enforce' as const, 'observe' as const);
const plane = (id: 'l4' | 'calico' | 'site', stages: fc.Arbitrary<readonly RuleStage[]>): fc.Arbitrary<Plane> =>
  fc.record({ id: fc.constant(id), mode, stages });

const pod: fc.Arbitrary<Endpoint> = fc.record({
  namespace: fc.constantFrom(...namespaces),
  name: fc.constantFrom('p', 'q', 'r', 's', 't', 'u'),
  serviceAccount: fc.constantFrom(...accounts),
  labels: fc.constantFrom(...labelPairs),
  addresses: fc.uniqueArray(fc.constantFrom(...addresses), { minLength: 1, maxLength: 2 }),
  ports: fc.constantFrom<Endpoint['ports']>(
    [],
    [{ name: 'web', port: 8080, protocol: 'TCP' }],
    [{ name: 'web', port: 9000, protocol: 'UDP' }],
  ),
  hostNetwork: fc.constantFrom(false, false, false, false, true),
});
const details: fc.Arbitrary<Endpoint> = pod.map((one) => ({
  ...one,
  namespace: 'default',
  name: 'd',
  serviceAccount: 'details',
  hostNetwork: false,
}));

const registry: fc.Arbitrary<Registry> = fc
  .record({
    pods: fc.uniqueArray(pod, {
      minLength: 2,
      maxLength: 6,
      selector: ({ namespace, name }) => `${namespace}/${name}`,
    }),
    own: details,
    sets: fc.array(fc.uniqueArray(fc.constantFrom(...nets), { minLength: 1, maxLength: 2 }), { maxLength: 1 }),
  })
  .map(({ pods, own, sets }) => ({
    endpoints: [own, ...pods],
    namespaces: [{ name: 'foo', labels: [['team', 't']] }],
    serviceAccounts: [{ namespace: 'foo', name: 'a', labels: [['app', 'x']] }],
    networkSets: sets.map((some, i) => ({ namespace: '', name: `set${i}`, labels: [['app', 'web']], nets: some })),
  }));

const istio: Plane = { id: 'istio', mode: 'enforce', stages: [] };

/** All planes but Istio's, which has nothing to say. */
export const arbitraryNetworkModel: fc.Arbitrary<PolicyModel> = fc
  .record({
    absence: fc.constantFrom('upstream' as const, 'strict' as const),
    registry,
    hops: fc.constantFrom<readonly string[]>([], [], ['10.1.0.0/16']),
    planes: fc
      .tuple(
        plane('calico', fc.tuple(tier('calico'), tier('calico'))),
        plane('l4', fc.tuple(tier('l4', 'egress'), tier('l4', 'ingress'), tier('l4', 'ingress'))),
        fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, plane('site', fc.tuple(tier('site'), tier('site')))),
      )
      .map((planes) => [istio, ...planes.flatMap((each) => each ?? [])]),
  })
  .map((rest) => ({ ...rest, generation: 1 }));

const names = [
  ...namespaces.flatMap((namespace) =>
    accounts.map((account) => `spiffe://cluster.local/ns/${namespace}/sa/${account}`),
  ),
  'spiffe://other.td/ns/foo/sa/a',
  'spiffe://cluster.local/x',
];

/** A connection of a random model, told by numbers: to the workload, mostly, from one of the pods, mostly under its own name. */
export const arbitraryConnection = fc.record({
  protocol: fc.constantFrom('http' as const, 'http' as const, 'tcp' as const),
  caller: fc.nat(),
  isItself: fc.constantFrom(true, true, true, true, false),
  isFromPod: fc.constantFrom(true, true, true, true, true, false),
  isToPod: fc.constantFrom(true, true, true, true, true, false),
  own: fc.nat(),
  name: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, fc.constant(undefined)),
  source: fc.constantFrom(...addresses),
  address: fc.constantFrom(...addresses),
  destinationPort: fc.constantFrom(...ports),
  sourcePort: fc.constantFrom(40_000, 80),
  method: fc.constantFrom('GET', 'GET', 'POST'),
  path: fc.constantFrom('/', '/a', '/a/b', '/a/b', '/a/../c', '/a//b', '/a/', '/%61', '/c;x/..', 'x'),
  destinationPrincipal: fc.constantFrom('', 'spiffe://cluster.local/ns/default/sa/details', 'a.example'),
});

type Connection = typeof arbitraryConnection extends fc.Arbitrary<infer T> ? T : never;

/** The facts of a connection. */
export function factsIn({ registry: { endpoints = [] } = emptyRegistry }: PolicyModel, connection: Connection): Facts {
  const { protocol, method, path, name, destinationPort, sourcePort, destinationPrincipal } = connection;
  const pod = endpoints[connection.caller % endpoints.length];
  const own = endpoints.filter((one) => one.namespace === 'default' && one.serviceAccount === 'details');
  const place = own[connection.own % own.length];
  const itself = pod && `spiffe://cluster.local/ns/${pod.namespace}/sa/${pod.serviceAccount}`;
  const caller = connection.isItself ? itself : name;
  const source = connection.isFromPod ? pod?.addresses[0] : connection.source;
  const address = connection.isToPod ? place?.addresses[0] : connection.address;
  const asked = protocol === 'http' ? { method, path } : { method: '' };
  const facts = plainFacts({
    ...{ protocol, destinationPort, sourcePort, destinationPrincipal, ...asked },
    ...(source !== undefined && { source }),
    ...(address !== undefined && { address }),
    ...{ sourcePrincipal: caller ?? '', peerNames: caller === undefined ? [] : [caller] },
  });
  return protocol === 'http' ? facts : { ...facts, path: undefined };
}
