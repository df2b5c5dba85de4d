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
import { type Asked, letInAt, mayLetIn } from './let-in-at.ts';
import type { LetIn, LetsIn } from './lets-in.ts';
import { maySelect, podsOfAccount } from './may-select.ts';
import { countGone, groupsOfPods, groupsUnlike, type PodGroup, podGroups } from './pod-groups.ts';
import { areSamePlanes, enforcedPlanes } from './same-planes.ts';

/** More than this is not written into a tree. */
const MOST = { addresses: 4_096, alternatives: 128 } as const;

/** @property atLeast  so many addresses of pods would be let in */
type Found = LetsIn | { readonly asks: string; readonly atLeast?: number } | undefined;

/** What was found out, by the workload's name. */
const known = new WeakMap<PolicyModel, Map<string, Found>>();

/** Finds it out. Undefined: no such plane has a say; `asks`: why nobody is let in for certain. */
export function letsIn(model: PolicyModel, workload: Destination): Found {
  const name = nameOf(workload);
  const ofModel = foundOf(model);
  if (!ofModel.has(name)) ofModel.set(name, find(model, workload));
  return ofModel.get(name);
}

const nameOf = ({ spiffeId, labels }: Destination): string => JSON.stringify([spiffeId, labels && [...labels]]);

function foundOf(model: PolicyModel): Map<string, Found> {
  const found = known.get(model) ?? new Map<string, Found>();
  known.set(model, found);
  return found;
}

/** Equal names: a tree says the same of it. */
function letInName(model: PolicyModel, workload: Destination): string {
  const found = letsIn(model, workload);
  if (found === undefined) return '';
  return 'asks' in found ? found.asks : JSON.stringify({ ...found, accounts: [...found.accounts] });
}

/** What is asked about a workload. */
interface Scene extends Pick<Asked, 'absence' | 'planes' | 'indexed' | 'workload'> {
  readonly places: readonly PodGroup[];
}

function sceneOf(model: PolicyModel, workload: Destination): Scene {
  const { absence } = model;
  const enforced = enforcedPlanes(model);
  const indexed = indexedRegistry(model);
  const planes = enforced.filter((plane) => hasSay(plane, indexed, workload));
  const places = planes.length === 0 ? [] : groupsOfPods(indexed, enforced, podsOf(indexed, workload));
  return { absence, planes, indexed, workload, places };
}

/** Pods that hold addresses behind no hop, of one service account. */
const callersOf = (model: PolicyModel): readonly PodGroup[] =>
  podGroups(indexedRegistry(model), enforcedPlanes(model)).filter(({ account }) => account !== undefined);

const protocols = ['http', 'tcp'] as const;

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
  const accounts = new Map<string, string>();
  for (const { addresses, account = '' } of callers)
    for (const address of addresses) if (from.has(address)) accounts.set(address, account);
  return { planes: ids, http: http!, tcp: tcp!, accounts };
}

/**
 * Tells of a workload whether a tree may say otherwise of it by the second model. Where only pods have come, gone or changed, those alone
 * are asked about, not everybody.
 */
export function letInOtherwise(before: PolicyModel, now: PolicyModel): (workload: Destination) => boolean {
  const isOther = (workload: Destination): boolean => letInName(before, workload) !== letInName(now, workload);
  if (!hasSameRules(before, now)) return isOther;
  if (enforcedPlanes(now).length === 0) return () => false;
  const isSame = (workload: Destination, found: Found): false => {
    foundOf(now).set(nameOf(workload), found);
    return false;
  };
  if (before.registry === now.registry) return (workload) => isSame(workload, letsIn(before, workload));
  const [was, is] = [callersOf(before), callersOf(now)];
  const left = { model: before, callers: groupsUnlike(was, is) };
  const come = { model: now, callers: groupsUnlike(is, was) };
  const gone = countGone(left.callers, come.callers);
  return (workload) => {
    if (placeName(sceneOf(before, workload)) !== placeName(sceneOf(now, workload))) return isOther(workload);
    const found = letsIn(before, workload);
    // too many before and too many now
    if (found !== undefined && 'asks' in found && found.atLeast !== undefined && found.atLeast - gone > MOST.addresses)
      return isSame(workload, { ...found, atLeast: found.atLeast - gone });
    const matters = [left, come].some(({ model, callers }) => mattersTo(callers, sceneOf(model, workload)));
    return matters ? isOther(workload) : isSame(workload, found);
  };
}

const hasSameRules = (before: PolicyModel, now: PolicyModel): boolean =>
  before.absence === now.absence &&
  (before.hops ?? []).join(' ') === (now.hops ?? []).join(' ') &&
  areSamePlanes(enforcedPlanes(before), enforcedPlanes(now));

const placeName = ({ planes, places }: Scene): string =>
  JSON.stringify([planes.map(({ id }) => id), places.map(({ name, addresses }) => [name, addresses])]);

const mattersTo = (callers: readonly PodGroup[], { places, ...asked }: Scene): boolean =>
  callers.length > 0 &&
  places.some((place) => protocols.some((protocol) => mayLetIn(place, callers, { ...asked, protocol })));

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
  return [...byName.values()];
}
