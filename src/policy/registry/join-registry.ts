/**
 * Makes the registry of what documents and configuration say; what says the same as before is the same value, the registry too.
 * @module
 */
import { keptList, saysTheSame } from '../../lib/lists/kept-list.ts';
import { type Endpoint, emptyRegistry, type Registry, type ServiceEntry, type SliceEntry } from './registry.ts';
import { createServiceJoin, type ServiceJoin } from './service-join.ts';
import { placesOf } from './slice-places.ts';

/** The parts of a registry before they are joined: pods that know of no Service, the Services, and their places. */
export interface RegistryParts extends Registry {
  readonly services: readonly ServiceEntry[];
  readonly slices: readonly SliceEntry[];
}

interface Made {
  readonly parts: RegistryParts;
  readonly join: ServiceJoin;
}

/** What registries were made of, for the next one. */
const madeOf = new WeakMap<Registry, Made>();

const nothing: Made = { parts: { ...emptyRegistry, services: [], slices: [] }, join: createServiceJoin([], []) };

interface Named {
  readonly namespace?: string;
  readonly name: string;
}

const likeness = {
  nameOf: ({ namespace = '', name }: Named): string => `${namespace}/${name}`,
  isEqual: (a: Named, b: Named): boolean => saysTheSame(a, b),
};

/**
 * Joins the parts of a registry.
 *
 * @param last  a registry that was made here before of nearly the same
 */
export function joinRegistry(given: RegistryParts, last: Registry | undefined): Registry {
  const before = (last && madeOf.get(last)) ?? nothing;
  const parts: RegistryParts = {
    endpoints: keptList(before.parts.endpoints, given.endpoints, likeness),
    services: keptList(before.parts.services, given.services, likeness),
    slices: keptList(before.parts.slices, given.slices, likeness),
    namespaces: keptList(before.parts.namespaces, given.namespaces, likeness),
    serviceAccounts: keptList(before.parts.serviceAccounts, given.serviceAccounts, likeness),
    networkSets: keptList(before.parts.networkSets, given.networkSets, likeness),
  };
  if (last !== undefined && saysTheSameParts(parts, before.parts)) return last;
  const { services, slices, namespaces, serviceAccounts } = parts;
  const isSameJoin = services === before.parts.services && slices === before.parts.slices;
  const join = isSameJoin ? before.join : createServiceJoin(services, slices, before.join);
  const joined = services.length === 0 ? parts.endpoints : parts.endpoints.map(join.join);
  const sets = [...parts.networkSets, ...placesOf(join.byNamespace, parts.endpoints)];
  const networkSets = keptList(last?.networkSets ?? [], sets, likeness);
  const endpoints = keptList(last?.endpoints ?? [], joined, likeness);
  const registry: Registry = { endpoints, namespaces, serviceAccounts, networkSets };
  const made = last !== undefined && isSameRegistry(registry, last) ? last : registry;
  madeOf.set(made, { parts, join });
  return made;
}

/** The Services that a registry was joined with. */
export function servicesOf(registry: Registry): readonly ServiceEntry[] {
  return madeOf.get(registry)?.parts.services ?? [];
}

/** A registry with other pods, which is known to have the same Services. */
export function withEndpoints(registry: Registry, endpoints: readonly Endpoint[]): Registry {
  const changed = { ...registry, endpoints };
  const made = madeOf.get(registry);
  if (made !== undefined) madeOf.set(changed, made);
  return changed;
}

const saysTheSameParts = (a: RegistryParts, b: RegistryParts): boolean =>
  a.services === b.services && a.slices === b.slices && isSameRegistry(a, b);

const isSameRegistry = (a: Registry, b: Registry): boolean =>
  a.endpoints === b.endpoints &&
  a.namespaces === b.namespaces &&
  a.serviceAccounts === b.serviceAccounts &&
  a.networkSets === b.networkSets;
