/**
 * Of which workloads trees may say otherwise after an edit, where planes beside Istio's are enforced. Where only some policies or pods are
 * others, those alone are asked about, not everybody.
 * @module
 */
import type { Destination } from '../../facts.ts';
import { applies } from '../../meaning/subject.ts';
import type { PolicyModel, Subject } from '../../model.ts';
import { emptyRegistry } from '../../registry/registry.ts';
import { indexedRegistry } from './indexed-registry.ts';
import {
  callersOf,
  carryFound,
  type Found,
  keepFound,
  letInName,
  letsIn,
  MOST,
  protocols,
  type Scene,
  sceneOf,
} from './let-in.ts';
import { answersName, mayLetIn } from './let-in-at.ts';
import { maySelect } from './may-select.ts';
import { countGone, groupsUnlike, type PodGroup } from './pod-groups.ts';
import { enforcedPlanes, subjectsBetween } from './same-planes.ts';

type Tells = (workload: Destination) => boolean;

/** Tells of a workload whether a tree may say otherwise of it by the second model. */
export function letInOtherwise(before: PolicyModel, now: PolicyModel): Tells {
  if (before.absence !== now.absence || hopsOf(before) !== hopsOf(now)) return otherName(before, now);
  const { registry = emptyRegistry } = before;
  // first other policies, then other pods
  const between = registry === (now.registry ?? emptyRegistry) ? now : { ...now, registry };
  const [byPolicies, byPods] = [otherByPolicies(before, between), otherByPods(between, now)];
  return (workload) => byPolicies(workload) || byPods(workload);
}

const hopsOf = ({ hops = [] }: PolicyModel): string => hops.join(' ');

const otherName =
  (before: PolicyModel, now: PolicyModel): Tells =>
  (workload) =>
    letInName(before, workload) !== letInName(now, workload);

/** Says no, and what is said of the workload by the second model: what the first one says, if that is known, or `found`. */
const sameAs =
  (before: PolicyModel, now: PolicyModel) =>
  (workload: Destination, found?: Found): false => {
    if (found === undefined) carryFound(before, now, workload);
    else keepFound(now, workload, found);
    return false;
  };

/** Of two models with one registry: those whom policies that have come or gone select, and those whose callers they select. */
function otherByPolicies(before: PolicyModel, now: PolicyModel): Tells {
  const isOther = otherName(before, now);
  const same = sameAs(before, now);
  const changed = subjectsBetween(enforcedPlanes(before), enforcedPlanes(now));
  if (changed === undefined) return isOther;
  const { registry = emptyRegistry } = now;
  const byNamespace = Map.groupBy(changed.ingress, ({ namespace }) => namespace);
  if (changed.ingress.length === 0 && changed.egress.length === 0) return (workload) => same(workload);
  const callers = [before, now].map((model) => ({ model, callers: callersUnder(changed.egress, model) }));
  return (workload) => {
    const near = [...(byNamespace.get(undefined) ?? []), ...(byNamespace.get(workload.namespace) ?? [])];
    if (near.some((subject) => maySelect(subject, registry, workload))) return isOther(workload);
    if (changed.egress.length === 0) return same(workload);
    const beyond = stillTooMany(letsIn(before, workload), countOf(callers[0]!.callers)); // of both
    if (beyond !== undefined) return same(workload, beyond);
    const [was, is] = callers.map((each) => answersTo(each.callers, each.model, workload));
    return was === is ? same(workload) : isOther(workload);
  };
}

const countOf = (callers: readonly PodGroup[]): number =>
  callers.reduce((sum, { addresses }) => sum + addresses.length, 0);

/** What is found where callers go of which there were too many, and there are still. */
const stillTooMany = (found: Found, gone: number): Found =>
  found !== undefined && 'asks' in found && found.atLeast !== undefined && found.atLeast - gone > MOST.addresses
    ? { ...found, atLeast: found.atLeast - gone }
    : undefined;

/** Pods that one of the policies may select. */
function callersUnder(egress: readonly Subject[], model: PolicyModel): readonly PodGroup[] {
  if (egress.length === 0) return [];
  const { destinationOf, context } = indexedRegistry(model);
  const byNamespace = Map.groupBy(egress, ({ namespace }) => namespace);
  return callersOf(model).filter(({ pods }) =>
    pods.some((pod) => {
      const near = [...(byNamespace.get(undefined) ?? []), ...(byNamespace.get(pod.namespace) ?? [])];
      if (near.length === 0) return false;
      const destination = destinationOf(pod);
      return near.some((subject) => applies(subject, destination, context) !== 'no');
    }),
  );
}

/** Of two models with the same policies. */
function otherByPods(before: PolicyModel, now: PolicyModel): Tells {
  if (before === now || enforcedPlanes(now).length === 0) return () => false;
  const isOther = otherName(before, now);
  const same = sameAs(before, now);
  const [was, is] = [callersOf(before), callersOf(now)];
  const left = { model: before, callers: groupsUnlike(was, is) };
  const come = { model: now, callers: groupsUnlike(is, was) };
  const gone = countGone(left.callers, come.callers);
  return (workload) => {
    if (placeName(sceneOf(before, workload)) !== placeName(sceneOf(now, workload))) return isOther(workload);
    const beyond = stillTooMany(letsIn(before, workload), gone);
    if (beyond !== undefined) return same(workload, beyond);
    const matters = [left, come].some(({ model, callers }) => mattersTo(callers, model, workload));
    return matters ? isOther(workload) : same(workload);
  };
}

const placeName = ({ planes, places }: Scene): string =>
  JSON.stringify([planes.map(({ id }) => id), places.map(({ name, addresses }) => [name, addresses])]);

/** How callers are let in to each place of the workload. */
function answersTo(callers: readonly PodGroup[], model: PolicyModel, workload: Destination): string {
  const { places, ...asked } = sceneOf(model, workload);
  const answers = protocols.map((protocol) =>
    places.map((place) => [place.addresses, answersName(place, callers, { ...asked, protocol })]),
  );
  return JSON.stringify(answers);
}

/** Whether one of the callers may be let in to the workload. */
function mattersTo(callers: readonly PodGroup[], model: PolicyModel, workload: Destination): boolean {
  if (callers.length === 0) return false;
  const { places, ...asked } = sceneOf(model, workload);
  return places.some((place) => protocols.some((protocol) => mayLetIn(place, callers, { ...asked, protocol })));
}
