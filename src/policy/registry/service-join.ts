/**
 * Which Services reach a pod, by an index of their selectors: a pod is compared with the few that could select it.
 * @module
 */
import { type Endpoint, type LabelPairs, type ServiceEntry, type ServicePort, serviceKey } from './registry.ts';

/** Puts Services before pods. */
export interface ServiceJoin {
  /** A pod with the ports at which Services reach it; the same value each time, and the pod itself if none does. */
  join(endpoint: Endpoint): Endpoint;
  readonly byNamespace: ReadonlyMap<string, NamespaceJoin>;
}

/** The Services of one namespace, as they stand, and what they make of its pods. */
interface NamespaceJoin {
  readonly services: readonly ServiceEntry[];
  readonly join: ServiceJoin['join'];
}

interface Indexed {
  readonly service: ServiceEntry;
  /** Its place among the Services. */
  readonly at: number;
}

/**
 * Indexes Services by namespace, and there by one label pair that each of them asks for: the one that the fewest others ask for.
 *
 * @param last  a join of nearly the same Services; where a namespace has the same ones, what it made of pods stays
 */
export function createServiceJoin(services: readonly ServiceEntry[], last?: ServiceJoin): ServiceJoin {
  const byNamespace = new Map<string, NamespaceJoin>();
  for (const [namespace, own] of Map.groupBy(services, (service) => service.namespace)) {
    const before = last?.byNamespace.get(namespace);
    const isSame = before?.services.length === own.length && own.every((one, i) => one === before.services[i]);
    byNamespace.set(namespace, isSame ? before : { services: own, join: joinWithin(own) });
  }
  return { byNamespace, join: (endpoint) => byNamespace.get(endpoint.namespace)?.join(endpoint) ?? endpoint };
}

function joinWithin(services: readonly ServiceEntry[]): ServiceJoin['join'] {
  const index = byRarestPair(services.map((service, at) => ({ service, at })));
  const known = new WeakMap<Endpoint, Endpoint>();
  return (endpoint) => {
    let joined = known.get(endpoint);
    if (joined === undefined) {
      joined = behind(endpoint, candidates(endpoint, index));
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

function behind(endpoint: Endpoint, services: readonly Indexed[]): Endpoint {
  if (services.length === 0) return endpoint;
  const labels = new Map(endpoint.labels);
  const selects = (selector: LabelPairs): boolean => selector.every(([key, value]) => labels.get(key) === value);
  const ports = services.flatMap(({ service }) => (selects(service.selector) ? portsOf(service, endpoint) : []));
  return ports.length === 0 ? endpoint : { ...endpoint, behind: ports };
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
