/**
 * The workloads of the registry in classes, and whom subjects select and conditions mean.
 * @module
 */
import type { QuestionOptions } from '../../../authz/question.ts';
import { parseCidr, parseIp, unmapped, unmappedRange } from '../../../lib/ip-address.ts';
import { CidrTrie } from '../../../lib/tries/cidr-trie.ts';
import { accountOf } from '../../../policy/meaning/account-of.ts';
import { createRegistryContext } from '../../../policy/meaning/registry-context.ts';
import { applies, nameOfSubject } from '../../../policy/meaning/subject.ts';
import type { Expr, PolicyModel, Subject } from '../../../policy/model.ts';
import { createLabelIndex } from '../../../policy/registry/effective-labels.ts';
import { type Endpoint, emptyRegistry, type NetworkSet, type Registry } from '../../../policy/registry/registry.ts';
import { createAddressInterest } from '../../classes/address-interest.ts';
import { workloadClasses } from '../../classes/workload-classes.ts';
import { meshSelectors } from './mesh-labels.ts';
import { type Found, indexParties } from './narrow.ts';
import { type Party, partiesOf, strangersOf } from './party.ts';

/** Workloads and their classes. */
export interface Population {
  /** Pods that have an address, one of each kind. */
  readonly pods: readonly Party[];
  /** One of each class of the pods, then peers that are none. */
  readonly callers: readonly Party[];
  /** One pod of each class that the subject selects, in the order of `pods`. */
  selectedBy(subject: Subject): readonly Party[];
  /** One workload of each class that the subject selects, those without address too. */
  workloadsSelectedBy(subject: Subject): readonly Endpoint[];
  selects(subject: Subject, party: Party): boolean;
  /** Those of `callers` with whom the condition can hold; `place` looks at no name of theirs. */
  callersOf(expr: Expr, by?: 'all' | 'place'): readonly Party[];
  /** All pods of the class of this one; a peer that is no pod is alone. */
  alike(party: Party): readonly Party[];
  /** The first of a pod's class; undefined where no policy acts on it. */
  partyOf(endpoint: Endpoint): Party | undefined;
  /** Callers whose addresses no policy tells apart, together. */
  readonly places: readonly (readonly Party[])[];
  /** The first of them, by one of them. */
  firstAtPlaceOf(party: Party): Party;
  orderOf(party: Party): number;
  /** Of each class as many as ever ask each other: what is true among them is true among all. */
  readonly asked: readonly Endpoint[];
}

/** What tells workloads apart here besides policies: what they listen on, and what the configuration says of them. */
const apartBy =
  ({ workloads }: QuestionOptions, trustDomain: string) =>
  ({ namespace, serviceAccount, addresses, ports, behind = [] }: Endpoint): string => {
    const principal = `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
    const isTold = workloads.some(
      (each) => each.spiffeId === principal || each.addresses.some((one) => addresses.includes(one)),
    );
    return JSON.stringify([ports, behind, ...(isTold ? [principal, addresses] : [])]);
  };

/** Puts the workloads in classes and indexes them. `each`: every workload is a class of its own, to compare with. */
export function createPopulation(
  model: PolicyModel,
  options: QuestionOptions,
  trustDomain: string,
  by: 'class' | 'each',
): Population {
  const registry = model.registry ?? emptyRegistry;
  const apart = apartBy(options, trustDomain);
  const classes =
    by === 'each'
      ? registry.endpoints.filter(({ hostNetwork }) => !hostNetwork).map((one) => [one])
      : workloadClasses(model, { trustDomains: [trustDomain, 'foreign.example'], selectors: meshSelectors, apart });
  const pods = partiesOf(registry.endpoints, trustDomain);
  const order = new Map<Party, number>();
  const classNumber = new Map(classes.flatMap((members, i) => members.map((member) => [member, i] as const)));
  const members: Party[][] = classes.map(() => []);
  for (const pod of pods) members[classNumber.get(pod.endpoint!)!]!.push(pod); // pods are endpoints
  const classOf = (party: Party): number => (party.endpoint === undefined ? -1 : classNumber.get(party.endpoint)!);
  const firsts = pods.filter((pod) => members[classOf(pod)]![0] === pod);
  const callers = [...firsts, ...strangersOf(registry)];
  for (const party of [...pods, ...callers]) if (!order.has(party)) order.set(party, order.size);
  const selection = createSelection(model, registry, classes);
  const index = indexParties(callers.map(foundBy(registry)));
  const placeOf = createPlaces(model, registry);
  const isHopless = (model.hops ?? []).length === 0;
  const places = [...Map.groupBy(callers, ({ address }) => placeOf(address)).values()];
  const firstAtPlace = new Map(places.flatMap((those) => those.map((each) => [each, those[0]!] as const)));
  return {
    pods,
    callers,
    workloadsSelectedBy: (subject) => selection.of(subject).map((i) => classes[i]![0]!),
    selectedBy: (subject) =>
      selection
        .of(subject)
        .flatMap((i) => members[i]![0] ?? [])
        .sort((a, b) => order.get(a)! - order.get(b)!),
    selects: (subject, party) => party.endpoint !== undefined && selection.setOf(subject).has(classOf(party)),
    callersOf(expr, names = 'all') {
      // Behind a hop whoever bears the name of a pod is meant by its labels.
      const narrowed = isHopless ? index.senders(expr, names) : undefined;
      return narrowed === undefined ? callers : narrowed.map((i) => callers[i]!);
    },
    asked: isHopless ? members.flatMap((those) => those.slice(0, 2).map((each) => each.endpoint!)) : registry.endpoints,
    alike: (party) => (party.endpoint === undefined ? [party] : members[classOf(party)]!),
    partyOf: (endpoint) => members[classNumber.get(endpoint) ?? -1]?.[0],
    places,
    firstAtPlaceOf: (party) => firstAtPlace.get(party) ?? party,
    orderOf: (party) => order.get(party) ?? order.size,
  };
}

/** Which classes a subject selects. */
function createSelection(model: PolicyModel, registry: Registry, classes: readonly (readonly Endpoint[])[]) {
  const context = createRegistryContext({ ...registry, endpoints: [], networkSets: [] }, model.absence, model.hops);
  const labelIndex = createLabelIndex(registry);
  const index = indexParties(
    classes.map(([first]) => ({ principal: '', account: first, labels: [labelIndex.ofEndpoint(first!)] })),
  );
  const destinations = classes.map(([first]) => context.destinationOf(first!)); // a class has one at least
  const known = new Map<string, ReadonlySet<number>>();
  const everyClass = classes.map((_, i) => i);
  const setOf = (subject: Subject): ReadonlySet<number> => {
    const name = nameOfSubject(subject);
    let found = known.get(name);
    if (found === undefined) {
      const lists = [
        subject.namespace === undefined ? undefined : index.ofNamespace(subject.namespace),
        subject.selector && index.labelled(subject.selector),
        ...subject.labels
          .filter(([key]) => !key.startsWith('projectcalico.org/')) // what a pod says of these does not count there
          .map(([key, value]) => index.labelled({ op: 'in', key, values: [value] })),
      ].filter((list) => list !== undefined);
      const [least = everyClass] = lists.toSorted((a, b) => a.length - b.length);
      found = new Set(least.filter((i) => applies(subject, destinations[i]!, context) === 'yes'));
      known.set(name, found);
    }
    return found;
  };
  return { setOf, of: (subject: Subject): readonly number[] => [...setOf(subject)] };
}

/** A party is found by the labels of all that hold its address, pods and network sets. */
function foundBy({ endpoints, ...registry }: Registry): (party: Party) => Found {
  const labelIndex = createLabelIndex(registry);
  const holders = new CidrTrie<(Endpoint | NetworkSet)[]>();
  const add = (holder: Endpoint | NetworkSet, nets: readonly string[]): void => {
    for (const range of nets.flatMap((net) => parseCidr(net) ?? []))
      holders.at(unmappedRange(range), () => []).push(holder);
  };
  for (const endpoint of endpoints) if (!endpoint.hostNetwork) add(endpoint, endpoint.addresses);
  for (const set of registry.networkSets) add(set, set.nets);
  return ({ principal, address }) => {
    const found: (Endpoint | NetworkSet)[] = [];
    const bytes = parseIp(address);
    if (bytes !== undefined) holders.walk(unmapped(bytes), found, (those, into) => void into.push(...those));
    return {
      principal,
      account: accountOf(principal),
      labels: found.map((each) => ('nets' in each ? labelIndex.ofNetworkSet(each) : labelIndex.ofEndpoint(each))),
    };
  };
}

/** Tells addresses apart as policies do. */
function createPlaces({ planes, hops = [] }: PolicyModel, { networkSets }: Registry): (address: string) => string {
  const interest = createAddressInterest();
  const walk = (expr: Expr): void => {
    if (expr.op === 'all' || expr.op === 'any') expr.of.forEach(walk);
    else if (expr.op === 'not') walk(expr.of);
    else if (expr.op === 'address') for (const { text } of expr.any) interest.add(text);
  };
  for (const { stages } of planes)
    for (const stage of stages)
      if (stage.kind !== 'transport' && stage.kind !== 'token')
        for (const { rules } of stage.policies) for (const { http } of rules) walk(http);
  hops.forEach(interest.add);
  for (const { nets } of networkSets) nets.forEach(interest.add);
  return interest.signatureOf;
}
