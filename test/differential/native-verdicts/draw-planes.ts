/**
 * Draws what the planes beside Istio's are asked by: pods, NetworkPolicies, policies of Calico in tiers, and rules of the site.
 * @module
 */
import fc from 'fast-check';
import { callerAddress, placeAddresses, secondAddress } from './addresses.ts';
import type { Place } from './draw-policies.ts';
import { drawnCallers } from './draw-questions.ts';

/** JSON texts, by where they are read. */
export interface DrawnPlanes {
  readonly registry: readonly string[];
  /** Of all places, and of each. */
  readonly network: readonly string[];
  readonly networkOf: readonly (readonly string[])[];
  readonly site: readonly string[];
}

const record = <T>(fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields);
const seldom = <T>(value: fc.Arbitrary<T>, none: number) =>
  fc.oneof({ weight: 1, arbitrary: value }, { weight: none, arbitrary: fc.constant(undefined) });
const filled = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const text = (apiVersion: string, kind: string, metadata: object, spec: object, more: object = {}): string =>
  JSON.stringify({ apiVersion, kind, metadata, spec, ...more });

/** The same for the same seed. */
export function drawPlanes(seed: number, places: readonly Place[]): DrawnPlanes {
  const one = <T>(arbitrary: fc.Arbitrary<T>, salt: number): T =>
    fc.sample(fc.noBias(arbitrary), { seed: seed * 64 + salt, numRuns: 1 })[0]!; // asked for one
  const site = one(siteRules, 40);
  return {
    registry: [...one(callerPods, 41), ...places.flatMap((place, i) => placePods(place, i, one(podsOfPlace, 42 + i)))],
    network: [...tiers, ...one(egress, 60), ...one(everywhere, 61)],
    networkOf: places.map((place, i) => one(policiesFor(place), i)),
    site: [text('site.gatehouse.dev/v1', 'SiteRules', { name: 's' }, site)],
  };
}

const ports = [
  { name: 'web', containerPort: 8080 },
  { name: 'other', containerPort: 9090 },
];

interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly account: string;
  readonly labels: object;
  readonly addresses: readonly string[];
  readonly isOnHost?: boolean;
}

const podText = ({ name, namespace, account, labels, addresses, isOnHost = false }: Pod): string =>
  text(
    'v1',
    'Pod',
    { name, namespace, labels },
    { serviceAccountName: account, hostNetwork: isOnHost, containers: [{ name: 'c', image: 'i', ports }] },
    { status: { podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) } },
  );

/** Of some callers there is no pod, two share one address, and some are on the network of their node. */
const callerPods = fc
  .array(record({ kind: fc.nat(15), tier: fc.constantFrom('front', 'back') }), {
    ...{ minLength: drawnCallers.length, maxLength: drawnCallers.length },
  })
  .map((all) =>
    drawnCallers.flatMap(({ uris }, i) => {
      const account = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(uris[0] ?? '');
      const { kind, tier } = all[i]!;
      if (account === null || kind === 0) return [];
      const [, namespace, name] = account as unknown as readonly [string, string, string]; // both groups are in the pattern
      const at = kind === 1 ? i + 1 : i;
      const addresses = kind === 2 ? [callerAddress(at), secondAddress(at)] : [callerAddress(at)];
      const labels = { app: name, tier };
      return [podText({ name: `c${i}`, namespace, account: name, labels, addresses, isOnHost: kind === 3 })];
    }),
  );

const podsOfPlace = record({
  count: fc.constantFrom(0, 1, 1, 2, 2, 2, 2, 2, 2, 2),
  isAlike: fc.nat(4).map((n) => n > 0),
});

function placePods(
  { name: namespace }: Place,
  index: number,
  drawn: { readonly count: number; readonly isAlike: boolean },
) {
  const pods = placeAddresses(index).slice(0, drawn.count);
  const namespaces = [text('v1', 'Namespace', { name: namespace, labels: { guarded: 'yes' } }, {})];
  return [
    ...namespaces,
    ...pods.map((address, i) => {
      const labels = { app: 'details', ...(drawn.isAlike ? {} : { v: String(i) }) };
      return podText({ name: `details-${i}`, namespace, account: 'details', labels, addresses: [address] });
    }),
  ];
}

const nets = fc.constantFrom(
  '127.8.0.0/28',
  '127.8.0.8/29',
  '127.8.0.0/16',
  '127.8.1.0/24',
  '127.0.0.0/8',
  '127.8.0.3/32',
);
const callerName = fc.constantFrom('s0', 's1', 's4', 's8', 'z', 'q', 's3');

const peer = fc.oneof(
  { weight: 3, arbitrary: callerName.map((app) => ({ namespaceSelector: {}, podSelector: { matchLabels: { app } } })) },
  {
    weight: 3,
    arbitrary: record({ name: fc.constantFrom('a', 'b', 'n3'), tier: fc.constantFrom('front', 'back') }).map(
      (each) => ({
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': each.name } },
        podSelector: { matchLabels: { tier: each.tier } },
      }),
    ),
  },
  { weight: 2, arbitrary: fc.constant({ namespaceSelector: {} }) },
  { weight: 2, arbitrary: nets.map((cidr) => ({ ipBlock: { cidr } })) },
  {
    weight: 2,
    arbitrary: fc.constant({ ipBlock: { cidr: '127.8.0.0/16', except: ['127.8.0.4/30', '127.8.1.0/24'] } }),
  },
);

const networkPort = fc.constantFrom<object>(
  { port: 8080 },
  { port: 'web' },
  { port: 'other', protocol: 'TCP' },
  { port: 8000, endPort: 9100 },
  { port: 7000 },
  { port: 8080, protocol: 'UDP' },
);

const networkRule = (side: 'from' | 'to') =>
  record({
    peers: seldom(fc.array(peer, { minLength: 1, maxLength: 3 }), 1),
    ports: seldom(fc.array(networkPort, { minLength: 1, maxLength: 3 }), 2),
  }).map(({ peers, ports: some }) => filled({ [side]: peers, ports: some }));

const subject = fc.constantFrom<object>({}, {}, { matchLabels: { app: 'details' } }, { matchLabels: { v: '0' } });

/** Lets in who is in the cluster. */
const theRest = { from: [{ namespaceSelector: {} }] };

const networkPolicies = (namespace: string) =>
  fc
    .array(
      record({
        podSelector: subject,
        rules: fc.array(networkRule('from'), { minLength: 1, maxLength: 3 }),
        last: fc.constantFrom([], [theRest], [theRest]),
      }),
      { maxLength: 2 },
    )
    .map((all) =>
      all.map(({ podSelector, rules, last }, i) =>
        text(
          'networking.k8s.io/v1',
          'NetworkPolicy',
          { name: `n-${i}`, namespace },
          { podSelector, ingress: [...rules, ...last], policyTypes: ['Ingress'] },
        ),
      ),
    );

const calicoSource = fc.oneof(
  { weight: 3, arbitrary: callerName.map((app) => ({ selector: `app == '${app}'`, namespaceSelector: 'all()' })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('front', 'back')
      .map((tier) => ({ selector: `tier == '${tier}'`, namespaceSelector: 'all()' })),
  },
  {
    weight: 2,
    arbitrary: callerName.map((name) => ({ serviceAccounts: { names: [name] }, namespaceSelector: 'all()' })),
  },
  { weight: 1, arbitrary: fc.constant({ namespaceSelector: "projectcalico.org/name == 'a'" }) },
  { weight: 2, arbitrary: nets.map((net) => ({ nets: [net] })) },
  { weight: 1, arbitrary: nets.map((net) => ({ notNets: [net] })) },
  { weight: 1, arbitrary: fc.constant({ ports: ['1024:32767'] }) },
  { weight: 3, arbitrary: fc.constant(undefined) },
);

const calicoDestination = fc.constantFrom<object | undefined>(
  undefined,
  undefined,
  undefined,
  { ports: [8080] },
  { ports: ['web'] },
  { ports: ['8000:9100', 7000] },
);

const calicoHttp = fc.constantFrom<object>(
  { methods: ['GET'] },
  { methods: ['GET', 'POST'], paths: [{ prefix: '/a' }] },
  { paths: [{ exact: '/a/b/c' }, { prefix: '/p' }] },
);

const calicoRule = record({
  action: fc.constantFrom('Allow', 'Allow', 'Allow', 'Allow', 'Deny', 'Pass', 'Log'),
  source: calicoSource,
  destination: calicoDestination,
  http: seldom(calicoHttp, 1),
}).map(({ http, ...rule }) => {
  const hasPorts = JSON.stringify(rule).includes('"ports"');
  return filled({ ...rule, protocol: hasPorts ? 'TCP' : undefined, http: rule.action === 'Allow' ? http : undefined });
});

const passed = { action: 'Pass' };
const allowed = { action: 'Allow', source: { namespaceSelector: 'all()' } };

const tiers = [1, 2].map((n) => text('projectcalico.org/v3', 'Tier', { name: `t${n}` }, { order: n * 100 }));

const calicoPolicies = (namespace: string) =>
  fc
    .array(
      record({
        tier: fc.constantFrom('t1', 't2', 'default', 'default'),
        order: fc.constantFrom(10, 20, 30),
        selector: fc.constantFrom('all()', "app == 'details'", 'has(v)'),
        isStaged: fc.nat(24).map((n) => n === 0),
        isGlobal: fc.boolean(),
        rules: fc.array(calicoRule, { minLength: 1, maxLength: 4 }),
        last: fc.constantFrom<readonly object[]>([], [passed], [allowed], [allowed]),
      }),
      { maxLength: 2 },
    )
    .map((all) =>
      all.map(({ isStaged, isGlobal, rules, last, ...spec }, i) => {
        const kind = `${isStaged ? 'Staged' : ''}${isGlobal ? 'Global' : ''}NetworkPolicy`;
        const name = `${spec.tier}.g-${namespace}-${i}`;
        const metadata = isGlobal ? { name } : { name, namespace };
        const global = isGlobal ? { namespaceSelector: `projectcalico.org/name == '${namespace}'` } : {};
        return text('projectcalico.org/v3', kind, metadata, {
          ...spec,
          ...global,
          ingress: [...rules, ...last],
          types: ['Ingress'],
        });
      }),
    );

const policiesFor = ({ name }: Place) =>
  fc.tuple(networkPolicies(name), calicoPolicies(name)).map(([network, calico]) => [...network, ...calico]);

/** Of callers: what they may reach. */
const egress = seldom(
  record({
    tier: fc.constantFrom('front', 'back'),
    namespace: fc.constantFrom('a', 'b'),
    rules: fc.array(networkRule('to'), { minLength: 1, maxLength: 2 }),
  }),
  1,
).map((drawn) =>
  drawn === undefined
    ? []
    : [
        text(
          'networking.k8s.io/v1',
          'NetworkPolicy',
          { name: 'out', namespace: drawn.namespace },
          {
            podSelector: { matchLabels: { tier: drawn.tier } },
            policyTypes: ['Egress'],
            egress: [
              ...drawn.rules,
              { to: [{ namespaceSelector: { matchLabels: { guarded: 'yes' } } }], ports: [{ port: 8080 }] },
            ],
          },
        ),
      ],
);

/** Before everything else, or for others alone. */
const everywhere = fc.constantFrom<readonly string[]>(
  [],
  [],
  [
    text(
      'projectcalico.org/v3',
      'GlobalNetworkPolicy',
      { name: 't1.first' },
      {
        tier: 't1',
        order: 1,
        selector: "app == 'details'",
        types: ['Ingress'],
        ingress: [{ action: 'Deny', source: { selector: "app == 's4'" } }, { action: 'Pass' }],
      },
    ),
  ],
  [
    text(
      'projectcalico.org/v3',
      'GlobalNetworkPolicy',
      { name: 'default.others' },
      { selector: "app == 'nobody'", types: ['Ingress'], ingress: [{ action: 'Deny' }] },
    ),
  ],
);

const siteRules = record({
  default: fc.constantFrom('allow', 'allow', 'deny'),
  rules: fc.array(
    record({
      action: fc.constantFrom('allow', 'allow', 'deny'),
      from: seldom(
        nets.map((net) => [net]),
        1,
      ),
      to: seldom(fc.constantFrom(['10.9.0.0/16'], ['10.9.0.0/22'], ['10.9.2.1/32']), 1),
      ports: seldom(fc.constantFrom<readonly (string | number)[]>([8080], ['8000-9100'], [7000]), 2),
    }),
    { minLength: 1, maxLength: 4 },
  ),
}).map(({ rules, ...rest }) => ({
  ...rest,
  rules: rules.map((rule, i) => filled({ name: `r${i}`, priority: i + 1, ...rule, protocols: rule.ports && ['TCP'] })),
}));
