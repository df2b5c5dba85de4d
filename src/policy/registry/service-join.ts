/**
 * Which Services reach a pod, by an index of their selectors: a pod is compared with the few that could select it.
 * @module
 */
import { saysTheSame } from '../../lib/lists/kept-list.ts';
import {
  type Endpoint,
  type LabelPairs,
  type ServiceEntry,
  type ServicePort,
  type SliceEntry,
  serviceKey,
} from './registry.ts';
import { type SlicePlaces, slicePlaces } from './slice-places.ts';

/** Puts Services before pods. */
export interface ServiceJoin {
  /** A pod with the ports at which Services reach it; the same value each time, and the pod itself if none does. */
  join(endpoint: Endpoint): Endpoint;
  readonly byNamespace: ReadonlyMap<string, NamespaceJoin>;
}

/** The Services of one namespace, as they stand, and what they make of its pods. */
interface NamespaceJoin {
  readonly services: readonly ServiceEntry[];
  readonly slices: readonly SliceEntry[];
  readonly places: SlicePlaces;
  readonly join: ServiceJoin['join'];
}

interface Indexed {
  readonly service: ServiceEntry;
  /** Its place among the Services. */
  readonly at: number;
}

/**
 * Indexes Services by namespace, and there by one label pair that each of them asks for: the one that the fewest others ask for.
 * Where slices of a Service are known, they say what is behind it, and not its selector.
 *
 * @param last  a join of nearly the same Services; where a namespace has the same ones, what it made of pods stays
 */
export function createServiceJoin(
  services: readonly ServiceEntry[],
  slices: readonly SliceEntry[],
  last?: ServiceJoin,
): ServiceJoin {
  const slicesIn = Map.groupBy(slices, ({ namespace }) => namespace);
  const byNamespace = new Map<string, NamespaceJoin>();
  for (const [namespace, own] of Map.groupBy(services, (service) => service.namespace)) {
    const before = last?.byNamespace.get(namespace);
    const ownSlices = slicesIn.get(namespace) ?? [];
    const isSame = before !== undefined && isSameList(before.services, own) && isSameList(before.slices, ownSlices);
    byNamespace.set(namespace, isSame ? before : namespaceJoin(own, ownSlices));
  }
  return { byNamespace, join: (endpoint) => byNamespace.get(endpoint.namespace)?.join(endpoint) ?? endpoint };
}

const isSameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i]);

function namespaceJoin(services: readonly ServiceEntry[], slices: readonly SliceEntry[]): NamespaceJoin {
  const names = new Set(services.map(({ name }) => name));
  const known = slices.filter(({ service }) => names.has(service));
  const places = slicePlaces(known);
  const told = new Set(known.map(({ service }) => service));
  const selecting = services.filter(({ name, selector }) => selector.length > 0 && !told.has(name));
  return { services, slices, places, join: joinWithin(selecting, places) };
}

function joinWithin(services: readonly ServiceEntry[], places: SlicePlaces): ServiceJoin['join'] {
  const index = byRarestPair(services.map((service, at) => ({ service, at })));
  const known = new WeakMap<Endpoint, Endpoint>();
  return (endpoint) => {
    let joined = known.get(endpoint);
    if (joined === undefined) {
      joined = behind(endpoint, candidates(endpoint, index), places);
      known.set(endpoint, joined);
    }
    return joined;
  };
}

const pairKey = (key: string, value: string): string => `${key}=${value}`; // no label key holds this character

/** A selector without pairs selects every pod of the namespace. */
const EVERY = '';

function byRarestPair(services: readonly Indexed[]): ReadonlyMap<string, readonly Indexed[]> {
  const counts = new Map<string, number>();
  const pairsOf = ({ service }: Indexed): string[] => service.selector.map(([key, value]) => pairKey(key, value));
  for (const one of services) for (const pair of pairsOf(one)) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  const rarest = (pairs: readonly string[]): string =>
    pairs.reduce((best, pair) => (best === EVERY || counts.get(pair)! < counts.get(best)! ? pair : best), EVERY);
  return Map.groupBy(services, (one) => rarest(pairsOf(one)));
}

/** The Services that may select a pod, in their order. */
function candidates({ labels }: Endpoint, index: ReadonlyMap<string, readonly Indexed[]>): readonly Indexed[] {
  const keys = new Set([EVERY, ...labels.map(([key, value]) => pairKey(key, value))]);
  const found = [...keys].flatMap((key) => index.get(key) ?? []);
  return found.sort((a, b) => a.at - b.at);
}

function behind(endpoint: Endpoint, services: readonly Indexed[], places: SlicePlaces): Endpoint {
  const told = toldOf(endpoint, places);
  if (services.length === 0 && told.length === 0) return endpoint;
  const labels = new Map(endpoint.labels);
  const selects = (selector: LabelPairs): boolean => selector.every(([key, value]) => labels.get(key) === value);
  const ports = services.flatMap(({ service }) => (selects(service.selector) ? portsOf(service, endpoint) : []));
  const all = [...ports, ...told];
  return all.length === 0 ? endpoint : { ...endpoint, behind: all };
}

/** What slices say of the addresses of a pod, each once. Those of a pod on its node's network are not its own. */
function toldOf({ addresses, hostNetwork }: Endpoint, places: SlicePlaces): readonly ServicePort[] {
  if (hostNetwork || places.size === 0) return [];
  const all = addresses.flatMap((address) => places.get(address) ?? []);
  return all.filter((one, i) => all.findIndex((other) => saysTheSame(one, other)) === i);
}

/** The ports of a pod that a Service sends to. */
function portsOf({ namespace, name, ports }: ServiceEntry, endpoint: Endpoint): readonly ServicePort[] {
  const service = serviceKey(namespace, name);
  return ports.flatMap(({ target, own, protocol }) => {
    const named = endpoint.ports.find((port) => port.name === target && port.protocol === protocol);
    const port = /^\d+$/.test(target) ? Number(target) : named?.port;
    return port === undefined ? [] : [{ service, port, ...(own !== undefined && { own }), protocol }];
  });
}
