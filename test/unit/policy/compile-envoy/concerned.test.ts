import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import { concernedBy } from '../../../../src/policy/compile-envoy/concerned.ts';
import { nativePolicyOf } from '../../../../src/policy/compile-envoy/native-policy.ts';
import { joinKindTables } from '../../../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { siteKinds } from '../../../../src/policy/dialects/site/kinds.ts';
import { policyKinds } from '../../../../src/policy/dialects/table.ts';
import type { Destination } from '../../../../src/policy/facts.ts';
import { loadPolicies } from '../../../../src/policy/load.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { type PolicyFile, readPolicies } from '../../../../src/policy/read-policies.ts';

const settings = (model: PolicyModel) => ({
  trustDomains: ['cluster.local'],
  verifyPeer: 'off' as const,
  peerTrustDomains: 'any' as const,
  ambiguousRequests: 'asUpstream' as const,
  allowEmpty: false,
  decide: compileSnapshot(model, { allowEmpty: false }).decide,
});

const options = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: {},
};

const named = (kind: string, name: string, namespace: string, rest: string): string =>
  `apiVersion: security.istio.io/v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {${rest}}\n`;

const app = (name: string) => `selector: {matchLabels: {app: ${name}}}`;
const rules = (path: string) => `rules: [{to: [{operation: {paths: ["${path}"]}}]}]`;
const pod = (name: string, namespace: string, account: string, label: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${label}}}\nspec: {serviceAccountName: ${account}}\nstatus: {podIP: 10.0.${namespace.charCodeAt(0)}.${name.length}}\n`;

/** Each stays the same value, as files that are not edited do. */
const documents: readonly string[] = [
  named('AuthorizationPolicy', 'root', 'istio-system', `action: DENY, ${rules('/root')}`),
  named('AuthorizationPolicy', 'root-app', 'istio-system', `${app('x')}, action: DENY, ${rules('/x')}`),
  ...['a', 'b'].flatMap((namespace) => [
    named('AuthorizationPolicy', 'all', namespace, rules('/all')),
    named('AuthorizationPolicy', 'x', namespace, `${app('x')}, ${rules('/x')}`),
    named('AuthorizationPolicy', 'w', namespace, `${app('w')}, action: AUDIT, ${rules('/y')}`),
    named('PeerAuthentication', 'strict', namespace, 'mtls: {mode: STRICT}'),
    named('PeerAuthentication', 'x', namespace, `${app('x')}, mtls: {mode: DISABLE}`),
    named('RequestAuthentication', 'w', namespace, `${app('w')}, jwtRules: [{issuer: i, jwks: '{"keys":[]}'}]`),
    pod('one', namespace, 'first', 'x'),
    pod('three', namespace, 'first', 'w'),
    pod('eleven', namespace, 'second', 'w'),
  ]),
  named('PeerAuthentication', 'mesh', 'istio-system', 'mtls: {mode: STRICT}'),
];

const global = (name: string, selects: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: ${name}}\nspec: {${selects}, ingress: [{action: Deny}]}\n`;

/** Whom Calico selects hangs on what pods inherit too. */
const withCalico: readonly string[] = [
  ...documents,
  global('label', 'selector: app == "w"'),
  global('label-again', 'selector: app == "w" && app != "x"'),
  global('namespace', 'namespaceSelector: team == "t"'),
  global('account', 'serviceAccountSelector: team == "t"'),
  'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: t}}\n',
  'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: first, namespace: b, labels: {team: t}}\n',
];

const network = (name: string, namespace: string, spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {${spec}}\n`;

/** Whom the network lets in hangs on policies of other namespaces, and on every pod. */
const withNetwork: readonly string[] = [
  ...withCalico,
  network(
    'in',
    'a',
    'podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: t}}}, {podSelector: {matchLabels: {app: w}}}]}]',
  ),
  network(
    'one',
    'b',
    'podSelector: {matchLabels: {app: x}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]',
  ),
  network(
    'out',
    'b',
    'podSelector: {matchLabels: {app: w}}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.97.3/32]}}]}]',
  ),
  pod('caller', 'c', 'second', 'w'),
  pod('another', 'c', 'second', 'x'),
  // two that are alike and do not let in each other, one of them at another one's address
  pod('callers', 'c', 'second', 'w'),
  network(
    'of-x',
    'c',
    'podSelector: {matchLabels: {app: w}}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}]}]',
  ),
];

const tiered = (name: string, tier: string, spec: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: ${name}}\nspec: {tier: ${tier}, ${spec}}\n`;

/** Policies that select few, by rules that hang on pods and on ranges, between pods of which most are let in to each other. */
const withTiers: readonly string[] = [
  named('AuthorizationPolicy', 'all', 'istio-system', rules('/all')),
  ...['a', 'b', 'c'].map(
    (name) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {team: t-${name}}}\n`,
  ),
  ...['a', 'b', 'c'].flatMap((namespace) => [
    pod('three', namespace, 'second', 'w'),
    pod('one', namespace, 'first', 'x'),
    pod('eleven', namespace, 'second', 'w'),
  ]),
  network('in-a', 'a', 'podSelector: {matchLabels: {app: x}}, ingress: [{ports: [{port: 1000, endPort: 2000}]}]'),
  network(
    'in-w',
    'a',
    'podSelector: {matchLabels: {app: w}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: t-c}}}]}]',
  ),
  network('in-b', 'b', 'podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.96.0/20, except: [10.0.99.5/32]}}]}]'),
  network('in-x', 'b', 'podSelector: {matchLabels: {app: x}}, ingress: [{from: [{podSelector: {}}]}]'),
  network(
    'out-c',
    'c',
    'podSelector: {matchLabels: {app: w}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: t-a}}}]}]',
  ),
  network(
    'out-x',
    'c',
    'podSelector: {matchLabels: {app: x}}, policyTypes: [Egress], egress: [{ports: [{port: 1500}]}]',
  ),
  network('out-b', 'b', 'podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.97.0/24}}]}]'),
  'apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: early}\nspec: {order: 5, defaultAction: Pass}\n',
  'apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: other}\nspec: {order: 7}\n',
  tiered(
    'early.allow',
    'early',
    'order: 2, selector: app == "x", ingress: [{action: Allow, source: {selector: app == "x"}}]',
  ),
  tiered(
    'early.deny',
    'early',
    'order: 1, selector: app == "x", ingress: [{action: Deny, source: {nets: [10.0.98.0/24]}}]',
  ),
  tiered(
    'other.get',
    'other',
    'selector: team == "t-c", ingress: [{action: Allow, http: {methods: [GET]}}, {action: Pass}]',
  ),
  tiered('other.out', 'other', 'namespaceSelector: team == "t-a", types: [Egress], egress: [{action: Allow}]'),
  'apiVersion: site.gatehouse.dev/v1\nkind: SiteRules\nmetadata: {name: one}\nspec: {default: allow, rules: [{name: r, priority: 1, action: deny, from: [10.0.98.5/32]}]}\n',
];

const workloads: readonly Destination[] = ['a', 'b', 'c'].flatMap((namespace) =>
  ['first', 'second'].flatMap((serviceAccount) =>
    [undefined, 'x', 'w'].map((label) => ({
      spiffeId: `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`,
      ...{ namespace, serviceAccount, labels: label === undefined ? undefined : new Map([['app', label]]) },
    })),
  ),
);

const kinds = joinKindTables(policyKinds, registryKinds);
const ofSite = siteKinds({ tags: {}, applicationSecurityGroups: {} });

/** Models of some of the documents, in which what is the same is the same value. */
function createModels(
  some = documents,
  l4: 'observe' | 'enforce' = 'observe',
): (isThere: readonly boolean[]) => PolicyModel {
  const files = some.map((text, i) =>
    readPolicies(`${i}.yaml`, text, { ...options, kinds: text.includes('kind: SiteRules') ? ofSite : kinds }),
  );
  for (const { findings } of files)
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'error'),
      [],
    );
  let last: PolicyModel | undefined;
  return (isThere) => {
    const chosen: readonly PolicyFile[] = files.filter((_, i) => isThere[i]);
    const planes = { calico: 'enforce', l4, site: l4 } as const;
    const join = { generation: 1, absence: 'upstream', rootNamespace: 'istio-system', planes } as const;
    last = loadPolicies(chosen, { ...join, lastRegistry: last?.registry }).model;
    return last;
  };
}

/** `EDITS=100000` for the long run, of other edits every time. */
const EDITS = process.env['EDITS'];

describe('concernedBy', () => {
  /** Applies random edits, and counts. */
  function tallyOf(some: readonly string[], l4?: 'enforce', isEdited: (text: string) => boolean = () => true) {
    const modelOf = createModels(some, l4);
    assert.equal(modelOf(some.map(() => true)).registry?.endpoints.length, l4 === undefined ? 6 : 9);
    const tally = { left: 0, leftInVain: 0, concerned: 0 };
    const all = some.length;
    const edited = some.flatMap((text, i) => (isEdited(text) ? [i] : []));
    const first = fc.array(fc.boolean(), { minLength: all, maxLength: all });
    fc.assert(
      fc.property(first, fc.array(fc.constantFrom(...edited), { minLength: 1, maxLength: 2 }), (drawn, changes) => {
        const isThere = drawn.map((is, i) => is || !edited.includes(i));
        const before = modelOf(isThere);
        const then = isThere.map((is, i) => is !== changes.includes(i));
        const now = modelOf(then);
        const concerns = concernedBy(before, now);
        const [was, is] = [settings(before), settings(now)];
        for (const workload of workloads) {
          const isSame = nativePolicyOf(before, workload, was).version === nativePolicyOf(now, workload, is).version;
          if (concerns(workload)) {
            tally.concerned++;
            if (isSame) tally.leftInVain++;
          } else {
            tally.left++;
            assert.ok(
              isSame,
              `${workload.spiffeId} ${JSON.stringify([...(workload.labels ?? [])])}: ${changes.map((i) => some[i]).join('')}`,
            );
          }
        }
      }),
      { numRuns: Math.ceil(Number(EDITS ?? 2_000) / 40), ...(EDITS === undefined ? { seed: 1 } : {}) },
    );
    return tally;
  }

  it('leaves out only workloads whose policy is the same, and many of them', function () {
    this.timeout(60_000 + Number(EDITS ?? 0) * 100);
    const tally = tallyOf(documents);
    assert.ok(tally.left > tally.concerned / 2 && tally.concerned > tally.leftInVain, JSON.stringify(tally));
  });

  it('beside the policies of Calico too, by what pods inherit labels from', function () {
    this.timeout(60_000 + Number(EDITS ?? 0) * 100);
    const tally = tallyOf(withCalico);
    assert.ok(tally.left > 0 && tally.concerned > tally.leftInVain, JSON.stringify(tally));
  });

  it('beside the network, whose policies and pods concern others too', function () {
    this.timeout(60_000 + Number(EDITS ?? 0) * 100);
    const tally = tallyOf(withNetwork, 'enforce');
    assert.ok(tally.left > 0 && tally.concerned > tally.leftInVain, JSON.stringify(tally));
  });

  it('leaves out those whom edits of policies of the network, of Calico and of the site do not concern', function () {
    this.timeout(60_000 + Number(EDITS ?? 0) * 100);
    const tally = tallyOf(withTiers, 'enforce', (text) => !/kind: (Pod|Namespace|ServiceAccount)\n/.test(text));
    assert.ok(tally.left > tally.concerned / 2 && tally.concerned > tally.leftInVain, JSON.stringify(tally));
  });

  it('leaves out those whom edits of such policies and of pods at once do not concern', function () {
    this.timeout(60_000 + Number(EDITS ?? 0) * 100);
    const tally = tallyOf(withTiers, 'enforce');
    assert.ok(tally.left > 0 && tally.concerned > tally.leftInVain, JSON.stringify(tally));
  });

  it('leaves nobody out where the first policy comes, or how absence is read changes', () => {
    const modelOf = createModels();
    const none = modelOf(documents.map(() => false));
    const one = modelOf(documents.map((text) => text.includes('name: w, namespace: a')));
    const strict: PolicyModel = { ...one, absence: 'strict' };
    for (const [before, now] of [
      [none, one],
      [one, none],
      [one, strict],
    ] as const)
      assert.ok(workloads.every(concernedBy(before, now)));
    assert.ok(!workloads.some(concernedBy(one, one)));
  });

  it('counts callers where they are too many for a tree, and where they are no longer', () => {
    const most = 4_096;
    const callers = Array.from({ length: most + 2 }, (_, i) =>
      pod(`caller-${i}`, 'c', 'first', 'w').replace(/podIP: .*}/, `podIP: 10.1.${i >> 8}.${i & 255}}`),
    );
    const own = pod('own', 'a', 'second', 'x');
    const some = [
      named('AuthorizationPolicy', 'all', 'a', rules('/all')),
      own,
      callers.slice(3).join('---\n'),
      ...callers.slice(0, 3),
      network('elsewhere', 'b', 'podSelector: {}'),
    ];
    const modelOf = createModels(some, 'enforce');
    const workload = workloads.find(({ spiffeId }) => spiffeId.endsWith('/ns/a/sa/second'))!; // it is there
    const without = (...left: number[]) => modelOf(some.map((_, i) => !left.includes(i)));
    const [all, less, few, again] = [without(), without(3), without(3, 4, 5), without(3)];
    const asks = [all, less, few].map(
      (model) => nativePolicyOf(model, workload, settings(model)).everything !== undefined,
    );
    assert.deepEqual(asks, [true, true, false]);
    const concerned = [
      [all, less],
      [less, few],
      [few, again],
      [again, all],
    ] as const;
    assert.deepEqual(
      concerned.map(([before, now]) => concernedBy(before, now)(workload)),
      [false, true, true, false],
    );
  });
});
