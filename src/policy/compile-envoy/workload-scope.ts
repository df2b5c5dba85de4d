/**
 * The policies that apply to one workload, wherever its pods are; or why all of its requests have to be asked about.
 * @module
 */
import type { Destination } from '../facts.ts';
import { applies, type SubjectContext } from '../meaning/subject.ts';
import { selectTokens } from '../meaning/token-stage.ts';
import { type SelectedTransport, selectTransport } from '../meaning/transport-stage.ts';
import type { Policy, PolicyModel, RuleStage, Subject, TokenRule, TokenStage, TransportStage } from '../model.ts';
import { emptyRegistry, type Registry } from '../registry/registry.ts';
import { letsIn } from './planes/let-in.ts';
import type { LetsIn } from './planes/lets-in.ts';
import { isUnclear, maySelect } from './planes/may-select.ts';
import { strangeHeader } from './tokens/token-context.ts';

/** The policies of one stage that apply to the workload, in the order of their names. */
export interface ScopedStage {
  readonly kind: RuleStage['kind'];
  readonly policies: readonly Policy[];
}

/** What applies to the workload: of the plane `istio`, and what the others come to. */
export interface WorkloadScope {
  readonly transport: SelectedTransport | undefined;
  /** The rules by which tokens are verified, by issuer; empty where no RequestAuthentication applies. */
  readonly tokens: readonly TokenRule[];
  readonly stages: readonly ScopedStage[];
  /** Whom the other planes let in; undefined: they have no say. */
  readonly letsIn: LetsIn | undefined;
}

/** Selects what applies to a workload. */
export function scopeOf(model: PolicyModel, workload: Destination): WorkloadScope | { readonly asks: string } {
  const others = letsIn(model, workload);
  if (others !== undefined && 'asks' in others) return others;
  const places = placesOf(model.registry ?? emptyRegistry, workload);
  const stages: ScopedStage[] = [];
  let transport: SelectedTransport | undefined;
  const tokens: TokenRule[] = [];
  for (const plane of model.planes) {
    if (plane.mode !== 'enforce' || plane.id !== 'istio') continue;
    for (const stage of plane.stages) {
      if (stage.kind === 'transport') {
        const selected = transportOf(stage, places);
        if (selected === undefined) return { asks: unknownLabels('PeerAuthentication') };
        transport = selected;
        continue;
      }
      if (stage.kind === 'token') {
        const selected = tokensOf(stage, places);
        if (selected === undefined) return { asks: unknownLabels('RequestAuthentication') };
        const strange = strangeHeader(selected);
        if (strange !== undefined) return { asks: `a token rule reads or writes the header ${strange}` };
        tokens.push(...selected);
        continue;
      }
      if (stage.kind === 'first-match' && stage.policies.length > 0)
        return { asks: `the tier ${stage.name} is judged by Gatehouse alone` };
      const policies: Policy[] = [];
      for (const policy of policiesNear(stage, workload.namespace)) {
        const is = policy.providerAskedBy === 'envoy' ? 'no' : among(policy, places);
        if (is === 'unknown') return { asks: unknownLabels(`${policy.ref.kind} ${nameOf(policy)}`) };
        if (is === 'yes') policies.push(policy);
      }
      stages.push({ kind: stage.kind, policies: policies.sort(byName) });
    }
  }
  return { transport, tokens, stages, letsIn: others };
}

const nameOf = ({ ref }: Pick<Policy, 'ref'>): string => `${ref.namespace}/${ref.name}`;

const unknownLabels = (what: string): string =>
  `${what} selects by labels, and the workload's are unknown or differ among its pods (labels_unknown)`;

const byName = ({ ref: a }: Policy, { ref: b }: Policy): number =>
  a.namespace < b.namespace || (a.namespace === b.namespace && a.name < b.name) ? -1 : 1;

/** Subjects of Istio go by the labels of the workload alone. */
const noRegistry: SubjectContext = {};

/** Whether a policy applies, in whatever place the workload is asked for. */
function among({ subject }: Pick<Policy, 'subject'>, places: readonly Destination[]): 'yes' | 'no' | 'unknown' {
  let only: 'yes' | 'no' | 'unknown' | undefined;
  for (const place of places) {
    const is = applies(subject, place, noRegistry);
    if (only !== undefined && is !== only) return 'unknown';
    only = is;
  }
  return only ?? 'unknown';
}

/** Whether a policy of that subject may mean the workload. */
export const mayApply = (subject: Subject, registry: Registry, workload: Destination): boolean =>
  subject.selector === undefined
    ? among({ subject }, placesOf(registry, workload)) !== 'no'
    : maySelect(subject, registry, workload);

/** Whether the workload is found in the same places by both registries. */
export function isSamePlace([before, now]: readonly [Registry, Registry], workload: Destination): boolean {
  if (before === now) return true;
  const texts = [before, now].map((each) => placesOf(each, workload).map(({ labels }) => labels && textOf(labels)));
  return JSON.stringify(texts[0]) === JSON.stringify(texts[1]);
}

const byNamespace = new WeakMap<RuleStage, ReadonlyMap<string | undefined, readonly Policy[]>>();

/** The policies of a stage that may apply in a namespace; of thousands, workload after workload, these are few. */
function policiesNear(stage: RuleStage, namespace: string): readonly Policy[] {
  let known = byNamespace.get(stage);
  if (known === undefined) {
    known = Map.groupBy(stage.policies, ({ subject }) => subject.namespace);
    byNamespace.set(stage, known);
  }
  return [...(known.get(undefined) ?? []), ...(known.get(namespace) ?? [])];
}

function transportOf(stage: TransportStage, places: readonly Destination[]): SelectedTransport | undefined {
  const selected = places.map((place) => selectTransport(stage, place, noRegistry));
  const texts = new Set(selected.map(({ everyPort, ports }) => JSON.stringify([everyPort, [...ports]])));
  const isKnown = selected.every(({ undecided }) => undecided === undefined);
  return isKnown && texts.size === 1 ? selected[0] : undefined;
}

/** Labels that are unknown refuse a request even where there is no token to ask for. */
function tokensOf(stage: TokenStage, places: readonly Destination[]): readonly TokenRule[] | undefined {
  const isUnknown = stage.policies.some((each) => among(each, places) === 'unknown');
  return isUnknown ? undefined : selectTokens(stage, places[0]!, noRegistry).rules; // the workload itself is the first
}

/**
 * The workload as decisions may find it: by what is said of it, and by the labels of its pods. Of pods whose labels differ those count
 * that have the labels that are said, if there are any.
 */
function placesOf(registry: Registry, workload: Destination): readonly Destination[] {
  const pods = podsOf(registry).get(`${workload.namespace}/${workload.serviceAccount}`) ?? [];
  if (workload.labels === undefined) return [workload, ...pods.map((labels) => ({ ...workload, labels }))];
  const own = textOf(workload.labels);
  const others = pods.some((labels) => textOf(labels) === own) ? [] : pods;
  const places = [workload, ...others.map((labels) => ({ ...workload, labels }))];
  return isUnclear(registry, workload) ? [...places, { ...workload, labels: undefined }] : places;
}

const textOf = (labels: ReadonlyMap<string, string>): string =>
  JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));

const podLabels = new WeakMap<Registry, Map<string, ReadonlyMap<string, string>[]>>();

/** The labels of the pods of each service account, each set of labels once. */
function podsOf(registry: Registry): ReadonlyMap<string, readonly ReadonlyMap<string, string>[]> {
  let known = podLabels.get(registry);
  if (known === undefined) {
    known = new Map();
    const seen = new Set<string>();
    for (const { namespace, serviceAccount, labels, addresses } of registry.endpoints) {
      const account = `${namespace}/${serviceAccount}`;
      const one = new Map(labels);
      const text = `${account} ${textOf(one)}`;
      if (addresses.length === 0 || seen.has(text)) continue;
      seen.add(text);
      const sets = known.get(account) ?? [];
      known.set(account, [...sets, one]);
    }
    podLabels.set(registry, known);
  }
  return known;
}
