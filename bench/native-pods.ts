/**
 * What edits cost where trees hold whom NetworkPolicies let in: one of 10,000 pods gets another address, or one of 300 NetworkPolicies
 * is another one, and 500 workloads decide themselves.
 * @module
 */
import { concernedBy } from '../src/policy/compile-envoy/concerned.ts';
import { type NativePolicy, nativePolicyOf } from '../src/policy/compile-envoy/native-policy.ts';
import { joinKindTables } from '../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../src/policy/dialects/table.ts';
import type { Destination } from '../src/policy/facts.ts';
import { loadPolicies } from '../src/policy/load.ts';
import type { PolicyModel } from '../src/policy/model.ts';
import { type PolicyFile, readPolicies } from '../src/policy/read-policies.ts';
import { cpuMsOf } from './lib/cpu-time.ts';
import { type Section, shown, shownSpread, spread } from './lib/figures.ts';
import { settingsOf } from './lib/native-policies.ts';

const NAMESPACES = 50;
const APPS = 10;
const PODS = 20;
/** So many of the apps of a namespace have a policy. */
const POLICED = 6;
const ROUNDS = 9;

const kinds = joinKindTables(policyKinds, registryKinds);
const options = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: {},
};
const read = (name: string, text: string): PolicyFile => readPolicies(name, text, { ...options, kinds });

const namespace = (n: number): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: {name: ns${n}, labels: {team: t${n % 7}}}\n`;

/** Two apps are let in: the next one of the namespace, and its namesakes of the same team. */
const policy = (n: number, a: number, { port = 8080, peers = '', more = '' } = {}): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np${a}, namespace: ns${n}}\nspec: {podSelector: {matchLabels: {app: a${a}}}, ingress: [{from: [${peers}{podSelector: {matchLabels: {app: a${(a + 1) % APPS}}}}, {namespaceSelector: {matchLabels: {team: t${n % 7}}}, podSelector: {matchLabels: {app: a${a}}}}], ports: [{port: ${port}}]}]${more}}\n`;

/** How a NetworkPolicy is edited. */
const policyEdits = {
  'of a NetworkPolicy, another port': (round: number) => ({ port: 9000 + round }),
  'of a NetworkPolicy, a range of addresses': (round: number) => ({ peers: `{ipBlock: {cidr: 10.${round}.0.0/16}}, ` }),
  'of a NetworkPolicy, egress too': (round: number) => ({
    more: `, policyTypes: [Ingress, Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: t${round % 7}}}}]}]`,
  }),
} as const;

/** @param moved  the address of the first of them */
function podsOf(n: number, a: number, moved?: string): PolicyFile {
  const pod = (p: number): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: p${a}-${p}, namespace: ns${n}, labels: {app: a${a}}}\nspec: {serviceAccountName: a${a}}\nstatus: {podIP: ${(p === 0 ? moved : undefined) ?? `10.${n}.${a}.${p + 1}`}}\n`;
  return read(`pods-${n}-${a}.yaml`, Array.from({ length: PODS }, (_, p) => pod(p)).join('---\n'));
}

const places = Array.from({ length: NAMESPACES * APPS }, (_, i) => ({ n: Math.floor(i / APPS), a: i % APPS }));

const workloads: readonly Destination[] = places.map(({ n, a }) => ({
  ...{ spiffeId: `spiffe://cluster.local/ns/ns${n}/sa/a${a}`, namespace: `ns${n}`, serviceAccount: `a${a}` },
  labels: new Map([['app', `a${a}`]]),
}));

/** What one kind of edit cost, edit by edit. */
interface Edits {
  readonly finding: number[];
  readonly compiling: number[];
  readonly counts: number[];
}

/** Measures CPU of this process. */
export function nativePods(): Section {
  const namespaces = Array.from({ length: NAMESPACES }, (_, n) => read(`ns-${n}.yaml`, namespace(n)));
  const policed = places.filter(({ a }) => a < POLICED);
  const policies = policed.map(({ n, a }) => read(`np-${n}-${a}.yaml`, policy(n, a)));
  let pods = places.map(({ n, a }) => podsOf(n, a));
  let last: PolicyModel | undefined;
  const load = (...files: readonly (readonly PolicyFile[])[]): PolicyModel => {
    const join = {
      generation: 1,
      absence: 'upstream',
      rootNamespace: 'istio-system',
      planes: { calico: 'observe', l4: 'enforce' },
    } as const;
    last = loadPolicies([...namespaces, ...files.flat()], { ...join, lastRegistry: last?.registry }).model;
    return last;
  };
  let before = load(policies, pods);
  const made = new Map<Destination, NativePolicy>();
  const settings = settingsOf(before);
  const first = cpuMsOf(() => {
    for (const each of workloads) made.set(each, nativePolicyOf(before, each, settings));
  });
  const edited = (edit: (round: number) => PolicyModel): Edits => {
    const edits: Edits = { finding: [], compiling: [], counts: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const now = edit(round);
      let concerned: readonly Destination[] = [];
      const finding = cpuMsOf(() => {
        concerned = workloads.filter(concernedBy(before, now));
      });
      const next = settingsOf(now);
      const compiling = cpuMsOf(() => {
        for (const each of concerned) made.set(each, nativePolicyOf(now, each, next, made.get(each)));
      });
      edits.finding.push(finding);
      edits.compiling.push(compiling);
      edits.counts.push(concerned.length);
      before = now;
    }
    return edits;
  };
  const ofPods = edited((round) => {
    const at = (round * 73) % places.length;
    const { n, a } = places[at]!; // of all
    pods = pods.with(at, podsOf(n, a, `10.200.${round}.1`));
    return load(policies, pods);
  });
  const ofPolicies = Object.entries(policyEdits).map(([name, change]) => {
    const edits = edited((round) => {
      const at = (round * 73) % policed.length;
      const { n, a } = policed[at]!; // of all
      return load(policies.with(at, read(`np-${n}-${a}.yaml`, policy(n, a, change(round)))), pods);
    });
    return [name, edits] as const;
  });
  const all = [['of a pod, another address', ofPods] as const, ...ofPolicies];
  return {
    name: 'native-pods',
    title: 'Pods and NetworkPolicies followed by Envoys that decide themselves',
    note: `${shown(workloads.length, 0)} workloads of ${shown(workloads.length * PODS, 0)} pods, ${shown(policies.length, 0)} NetworkPolicies, enforced; ${ROUNDS} edits of each kind: median (min–max), ms of CPU. All trees made anew take ${shown(first, 0)} ms.`,
    head: ['an edit', 'workloads concerned', 'to find them', 'to make their trees'],
    rows: all.map(([name, { counts, finding, compiling }]) => [
      name,
      ...[counts, finding, compiling].map((each) => shownSpread(spread(each))),
    ]),
    raw: { first, edits: Object.fromEntries(all) },
  };
}
