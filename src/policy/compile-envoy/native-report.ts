/**
 * What Envoy could decide by itself of some policies, told before anything is in force: workload by workload, what asks and why.
 * @module
 */
import type { LabelExpr } from '../meaning/labels.ts';
import type { PlaneId, Policy, PolicyModel, PolicyRef, Subject } from '../model.ts';
import { emptyRegistry } from '../registry/registry.ts';
import { nativePolicyOf } from './native-policy.ts';
import type { AskReason, NativeSettings } from './native-settings.ts';
import { letsIn } from './planes/let-in.ts';
import { scopeOf } from './workload-scope.ts';
import type { PlacedWorkload } from './workload-trees.ts';

/** One workload, or one kind of workloads that the policies tell apart. */
export interface NativeRow {
  readonly namespace: string;
  /** Undefined: any of the namespace, of whose workloads nothing is known. */
  readonly serviceAccount: string | undefined;
  /** Those of its labels that selectors ask for; undefined: nobody has told any. */
  readonly labels: Labels | undefined;
  /** How many pods of the registry it has. */
  readonly pods: number;
  /** Why all of its requests ask; undefined if they do not. */
  readonly everything: string | undefined;
  /** Why all of its connections ask; undefined if they do not, or if all of its requests do. */
  readonly everyConnection: string | undefined;
  /** Of the filter of HTTP requests. */
  readonly bytes: number;
  /** So many messages lie inside each other in the deepest filter. */
  readonly depth: number;
  /** Of the rules of Istio that apply to it, for requests: how many Envoy decides, and of how many something asks. */
  readonly rules: { readonly decided: number; readonly asking: number };
  /** The planes beside Istio's that have a say, and how many addresses of pods they let in for certain; undefined: none has. */
  readonly letsIn: { readonly planes: readonly PlaneId[]; readonly addresses: number } | undefined;
  readonly asks: readonly PlacedReason[];
}

/** Why requests are asked about, and where the rule stands that it is about. */
export interface PlacedReason extends AskReason, Partial<Position> {}

type Position = Policy['position'];

type Labels = readonly (readonly [key: string, value: string])[];

/** A workload that is reported. */
interface Reported {
  readonly workload: PlacedWorkload;
  readonly row: Pick<NativeRow, 'namespace' | 'serviceAccount' | 'labels' | 'pods'>;
}

/**
 * Tells it of the workloads of a configuration, of the pods of the registry, one for all that selectors do not tell apart, and of each set of
 * labels that a selector names in a namespace of which no workload is known.
 *
 * @param configured  whose Envoys say no labels get those that stand here
 */
export function nativeReport(
  model: PolicyModel,
  settings: NativeSettings,
  trustDomain: string,
  configured: readonly PlacedWorkload[] = [],
): readonly NativeRow[] {
  const reported = new Map<string, Reported>();
  const keys = keysOf(model);
  for (const each of [...fromConfiguration(configured, keys), ...fromRegistry(model, trustDomain, configured, keys)]) {
    const { namespace, serviceAccount, labels, pods } = each.row;
    const name = JSON.stringify([namespace, serviceAccount, labels ?? null]);
    const known = reported.get(name);
    reported.set(name, known === undefined ? each : { ...known, row: { ...known.row, pods: known.row.pods + pods } });
  }
  const namespaces = new Set([...reported.values()].map(({ row }) => row.namespace));
  for (const each of fromSelectors(model, trustDomain)) {
    const { namespace, labels } = each.row;
    if (!namespaces.has(namespace)) reported.set(JSON.stringify([namespace, labels]), each);
  }
  const positionOf = positionsOf(model);
  return [...reported]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { workload, row }]) => rowOf(model, settings, { workload, row }, positionOf));
}

function rowOf(
  model: PolicyModel,
  settings: NativeSettings,
  { workload, row }: Reported,
  positionOf: (ask: AskReason) => Position | undefined,
): NativeRow {
  const { everything, everyConnection, http, depth, asks } = nativePolicyOf(model, workload, settings);
  const lets = letsIn(model, workload);
  const asking = new Set(asks.flatMap(({ policy, rule }) => (policy === undefined ? [] : ruleKey(policy, rule))));
  const rules = rulesFor(model, workload);
  const decided = everything === undefined ? rules.filter((each) => !asking.has(each)).length : 0;
  return {
    ...row,
    ...{ everything, everyConnection, bytes: http.length, depth },
    rules: { decided, asking: rules.length - decided },
    letsIn: lets === undefined || 'asks' in lets ? undefined : { planes: lets.planes, addresses: lets.accounts.size },
    asks: asks.map((ask) => ({ ...ask, ...positionOf(ask) })),
  };
}

/** The rules that decide about requests to the workload. */
function rulesFor(model: PolicyModel, workload: PlacedWorkload): readonly string[] {
  const scope = scopeOf(model, workload);
  if ('asks' in scope) return [];
  return scope.stages
    .filter(({ kind }) => kind !== 'audit')
    .flatMap(({ policies }) => policies.filter(({ mode }) => mode === 'enforce'))
    .flatMap(({ ref, rules }) => rules.map(({ index }) => ruleKey(ref, index)));
}

const ruleKey = ({ dialect, kind, namespace, name }: PolicyRef, rule: number | undefined): string =>
  JSON.stringify([dialect, kind, namespace, name, rule]);

function positionsOf(model: PolicyModel): (ask: AskReason) => Position | undefined {
  const positions = new Map<string, Position>();
  for (const { ref, position, rules } of policiesOf(model)) {
    positions.set(ruleKey(ref, undefined), position);
    for (const rule of rules) positions.set(ruleKey(ref, rule.index), rule.position);
  }
  return ({ policy, rule }) => policy && positions.get(ruleKey(policy, rule));
}

const policiesOf = ({ planes }: PolicyModel): readonly Policy[] =>
  planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'transport' || stage.kind === 'token' ? [] : stage.policies)),
  );

const subjectsOf = ({ planes }: PolicyModel): readonly Subject[] =>
  planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies.map(({ subject }) => subject)));

/** The labels that selectors of workloads ask for. */
function keysOf(model: PolicyModel): ReadonlySet<string> {
  const keys = new Set<string>();
  const gather = (expr: LabelExpr): void => {
    if (!('of' in expr)) keys.add(expr.key);
    else for (const part of expr.op === 'not' ? [expr.of] : expr.of) gather(part);
  };
  for (const { labels, selector } of subjectsOf(model)) {
    for (const [key] of labels) keys.add(key);
    if (selector !== undefined) gather(selector);
  }
  return keys;
}

const sorted = (labels: Labels): Labels => labels.toSorted(([a], [b]) => (a < b ? -1 : 1));

const told = (labels: Iterable<readonly [string, string]>, keys: ReadonlySet<string>): Labels =>
  sorted([...labels].filter(([key]) => keys.has(key)));

const fromConfiguration = (configured: readonly PlacedWorkload[], keys: ReadonlySet<string>): readonly Reported[] =>
  configured.map((workload) => {
    const { namespace, serviceAccount, labels } = workload;
    return { workload, row: { namespace, serviceAccount, labels: labels && told(labels, keys), pods: 0 } };
  });

/** Each pod says the labels that it has. */
function fromRegistry(
  { registry = emptyRegistry }: PolicyModel,
  trustDomain: string,
  configured: readonly PlacedWorkload[],
  keys: ReadonlySet<string>,
): readonly Reported[] {
  // a workload of the configuration stands in the registry too
  const own = new Set(configured.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`));
  return registry.endpoints
    .filter(({ namespace, name, serviceAccount, ports }) => {
      const isOwn = name === serviceAccount && ports.length === 0 && own.has(`${namespace}/${serviceAccount}`);
      return !isOwn;
    })
    .map(({ namespace, serviceAccount, labels }) => ({
      workload: {
        spiffeId: `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
        ...{ namespace, serviceAccount, labels: new Map(labels) },
      },
      row: { namespace, serviceAccount, labels: told(labels, keys), pods: 1 },
    }));
}

/** A policy of every namespace is told of the namespaces that others name, or of `default`. */
function fromSelectors(model: PolicyModel, trustDomain: string): readonly Reported[] {
  const subjects = subjectsOf(model);
  const named = new Set(subjects.flatMap(({ namespace }) => namespace ?? []));
  const namespaces = named.size > 0 ? [...named] : ['default'];
  const plain = namespaces.map((namespace) => ({ namespace, labels: [] as Labels }));
  const selected = subjects
    .filter(({ labels }) => labels.length > 0)
    .flatMap(({ namespace, labels }) =>
      (namespace === undefined ? namespaces : [namespace]).map((each) => ({ namespace: each, labels: sorted(labels) })),
    );
  return [...plain, ...selected].map(({ namespace, labels }) => ({
    workload: {
      spiffeId: `spiffe://${trustDomain}/ns/${namespace}/sa/default`,
      ...{ namespace, serviceAccount: 'default', labels: new Map(labels) },
    },
    row: { namespace, serviceAccount: undefined, labels, pods: 0 },
  }));
}
