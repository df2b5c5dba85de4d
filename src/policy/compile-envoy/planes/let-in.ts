/**
 * Whom the planes beside Istio's certainly let in to a workload: pods at their own addresses, by identity and address together.
 *
 * All that is not certain asks: whoever is at no pod's address or behind a hop, whoever shows another name than the pod there has, what
 * hangs on more than the two ends and the port, and what is refused.
 * @module
 */
import type { Destination } from '../../facts.ts';
import { areSameLabels } from '../../meaning/labels.ts';
import type { Plane, PolicyModel } from '../../model.ts';
import type { Endpoint } from '../../registry/registry.ts';
import { type IndexedRegistry, indexedRegistry } from './indexed-registry.ts';
import { type Asked, letInAt } from './let-in-at.ts';
import type { LetIn, LetsIn } from './lets-in.ts';
import { maySelect, podsOfAccount } from './may-select.ts';
import { groupsOfPods, type PodGroup, podGroups } from './pod-groups.ts';
import { enforcedPlanes } from './same-planes.ts';

/** More than this is not written into a tree. */
export const MOST = { addresses: 4_096, alternatives: 128 } as const;

/** @property atLeast  so many addresses of pods would be let in */
export type Found = LetsIn | { readonly asks: string; readonly atLeast?: number } | undefined;

/** What was found out, by the workload's name. */
const known = new WeakMap<PolicyModel, Map<string, Found>>();

/** Finds it out. Undefined: no such plane has a say; `asks`: why nobody is let in for certain. */
export function letsIn(model: PolicyModel, workload: Destination): Found {
  const name = nameOf(workload);
  const ofModel = foundOf(model);
  if (!ofModel.has(name)) ofModel.set(name, find(model, workload));
  return ofModel.get(name);
}

/** Gives a model what was found out, if it was, by another one of which it is known that it says the same. */
export function carryFound(from: PolicyModel, to: PolicyModel, workload: Destination): void {
  const name = nameOf(workload);
  const found = foundOf(from);
  if (found.has(name)) foundOf(to).set(name, found.get(name));
}

/** Gives a model what it is known to say. */
export function keepFound(model: PolicyModel, workload: Destination, found: Found): void {
  foundOf(model).set(nameOf(workload), found);
}

const nameOf = ({ spiffeId, labels }: Destination): string => JSON.stringify([spiffeId, labels && [...labels]]);

function foundOf(model: PolicyModel): Map<string, Found> {
  const found = known.get(model) ?? new Map<string, Found>();
  known.set(model, found);
  return found;
}

/** Equal names: a tree says the same of it. */
export function letInName(model: PolicyModel, workload: Destination): string {
  const found = letsIn(model, workload);
  if (found === undefined) return '';
  return 'asks' in found ? found.asks : JSON.stringify({ ...found, accounts: [...found.accounts] });
}

/** What is asked about a workload. */
export interface Scene extends Pick<Asked, 'absence' | 'planes' | 'indexed' | 'workload'> {
  readonly places: readonly PodGroup[];
}

/** Sets it; conditions go by the registry of the model from then on. */
export function sceneOf(model: PolicyModel, workload: Destination): Scene {
  const { absence } = model;
  const enforced = enforcedPlanes(model);
  const indexed = indexedRegistry(model);
  const planes = enforced.filter((plane) => hasSay(plane, indexed, workload));
  const places = planes.length === 0 ? [] : groupsOfPods(indexed, enforced, podsOf(indexed, workload));
  return { absence, planes, indexed, workload, places };
}

/** Pods that hold addresses behind no hop, of one service account. */
export const callersOf = (model: PolicyModel): readonly PodGroup[] =>
  podGroups(indexedRegistry(model), enforcedPlanes(model)).filter(({ account }) => account !== undefined);

export const protocols = ['http', 'tcp'] as const;

function find(model: PolicyModel, workload: Destination): Found {
  const { places, ...asked } = sceneOf(model, workload);
  if (asked.planes.length === 0) return undefined;
  const ids = asked.planes.map(({ id }) => id);
  if (places.length === 0) return asking(ids, 'the registry knows no address of the workload');
  const callers = callersOf(model);
  const [http, tcp] = protocols.map((protocol) =>
    joined(places, (place) => letInAt(place, callers, { ...asked, protocol })),
  );
  const from = new Set([...http!, ...tcp!].flatMap((each) => each.from)); // one of each protocol
  if (from.size === 0) return asking(ids, 'no pod of the registry is let in for certain');
  if (from.size > MOST.addresses)
    return { ...asking(ids, `more than ${MOST.addresses} addresses of pods are let in`), atLeast: from.size };
  const accounts: [address: string, account: string][] = [];
  for (const { addresses, account = '' } of callers)
    for (const address of addresses) if (from.has(address)) accounts.push([address, account]);
  return { planes: ids, http: http!, tcp: tcp!, accounts: new Map(accounts.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The plane l4 refuses callers whose place and identity disagree, even without a policy. */
const hasSay = ({ id, stages }: Plane, { registry }: IndexedRegistry, workload: Destination): boolean =>
  id === 'l4' || stages.some(({ policies }) => policies.some(({ subject }) => maySelect(subject, registry, workload)));

const asking = (ids: readonly Plane['id'][], why: string) => ({
  asks: `${ids.length > 1 ? `the planes ${ids.join(', ')} are` : `the plane ${ids.join()} is`} enforced, and ${why}`,
});

/** Its pods: those with the labels that are said of it, if there are any. */
function podsOf({ registry }: IndexedRegistry, workload: Destination): readonly Endpoint[] {
  const { labels } = workload;
  const own = podsOfAccount(registry, workload);
  const alike = own.filter((pod) => labels !== undefined && areSameLabels(new Map(pod.labels), labels));
  return alike.length > 0 ? alike : own;
}

/** What is let in to several places alike stands there once. */
function joined(
  places: readonly PodGroup[],
  letInTo: (place: PodGroup) => readonly Omit<LetIn, 'at'>[],
): readonly LetIn[] {
  const byName = new Map<string, LetIn & { readonly at: string[] }>();
  for (const place of places)
    for (const made of letInTo(place)) {
      const name = JSON.stringify(made);
      const known = byName.get(name);
      if (known !== undefined) known.at.push(...place.addresses);
      else if (byName.size < MOST.alternatives) byName.set(name, { ...made, at: [...place.addresses] });
    }
  // the same, however pods are grouped
  return [...byName.values()].map((each) => ({ ...each, at: each.at.sort(), from: [...each.from].sort() }));
}
