/**
 * Whom the planes beside Istio's certainly let in to a workload: pods at their own addresses, by identity and address together.
 *
 * All that is not certain asks: whoever is at no pod's address or behind a hop, whoever shows another name than the pod there has, what
 * hangs on more than the two ends and the port, and what is refused.
 * @module
 */
import type { Destination } from '../../facts.ts';
import type { Plane, PolicyModel } from '../../model.ts';
import type { Endpoint } from '../../registry/registry.ts';
import { type IndexedRegistry, indexedRegistry } from './indexed-registry.ts';
import { letInAt } from './let-in-at.ts';
import type { LetIn, LetsIn } from './lets-in.ts';
import { maySelect } from './may-select.ts';
import { groupsOfPods, type PodGroup, podGroups } from './pod-groups.ts';
import { enforcedPlanes } from './same-planes.ts';

/** More than this is not written into a tree. */
const MOST = { addresses: 4_096, alternatives: 128 } as const;

type Found = LetsIn | { readonly asks: string } | undefined;

/** What was found out, by the workload's name. */
const known = new WeakMap<PolicyModel, Map<string, Found>>();

/** Finds it out. Undefined: no such plane has a say; `asks`: why nobody is let in for certain. */
export function letsIn(model: PolicyModel, workload: Destination): Found {
  const name = JSON.stringify([workload.spiffeId, workload.labels && [...workload.labels]]);
  const ofModel = known.get(model) ?? new Map<string, Found>();
  known.set(model, ofModel);
  if (!ofModel.has(name)) ofModel.set(name, find(model, workload));
  return ofModel.get(name);
}

/** Equal names: a tree says the same of it. */
export function letInName(model: PolicyModel, workload: Destination): string {
  const found = letsIn(model, workload);
  return found !== undefined && 'accounts' in found
    ? JSON.stringify({ ...found, accounts: [...found.accounts] })
    : JSON.stringify(found ?? null);
}

function find(model: PolicyModel, workload: Destination): Found {
  const enforced = enforcedPlanes(model);
  if (enforced.length === 0) return undefined;
  const indexed = indexedRegistry(model);
  const planes = enforced.filter((plane) => hasSay(plane, indexed, workload));
  if (planes.length === 0) return undefined;
  const ids = planes.map(({ id }) => id);
  const places = groupsOfPods(indexed, enforced, podsOf(indexed, workload));
  if (places.length === 0) return asking(ids, 'the registry knows no address of the workload');
  const callers = podGroups(indexed, enforced).filter(({ account }) => account !== undefined);
  const [http, tcp] = (['http', 'tcp'] as const).map((protocol) => {
    const { absence } = model;
    return joined(places, (place) => letInAt(place, callers, { protocol, absence, planes, indexed, workload }));
  });
  const from = new Set([...http!, ...tcp!].flatMap((each) => each.from)); // one of each protocol
  if (from.size === 0) return asking(ids, 'no pod of the registry is let in for certain');
  if (from.size > MOST.addresses) return asking(ids, `more than ${MOST.addresses} addresses of pods are let in`);
  const accounts = new Map<string, string>();
  for (const { addresses, account = '' } of callers)
    for (const address of addresses) if (from.has(address)) accounts.set(address, account);
  return { planes: ids, http: http!, tcp: tcp!, accounts };
}

/** The plane l4 refuses callers whose place and identity disagree, even without a policy. */
const hasSay = ({ id, stages }: Plane, { registry }: IndexedRegistry, workload: Destination): boolean =>
  id === 'l4' || stages.some(({ policies }) => policies.some(({ subject }) => maySelect(subject, registry, workload)));

const asking = (ids: readonly Plane['id'][], why: string) => ({
  asks: `${ids.length > 1 ? `the planes ${ids.join(', ')} are` : `the plane ${ids.join()} is`} enforced, and ${why}`,
});

/** Its pods: those with the labels that are said of it, if there are any. */
function podsOf(
  { registry }: IndexedRegistry,
  { namespace, serviceAccount, labels }: Destination,
): readonly Endpoint[] {
  const own = registry.endpoints.filter((pod) => pod.namespace === namespace && pod.serviceAccount === serviceAccount);
  const alike = own.filter((pod) => labels !== undefined && hasSameLabels(new Map(pod.labels), labels));
  return alike.length > 0 ? alike : own;
}

const hasSameLabels = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean =>
  one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);

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
