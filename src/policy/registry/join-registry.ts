/**
 * Makes the registry of what documents and configuration say; what says the same as before is the same value, the registry too.
 * @module
 */
import { keptList, saysTheSame } from '../../lib/lists/kept-list.ts';
import { emptyRegistry, type Registry, type ServiceEntry } from './registry.ts';
import { createServiceJoin, type ServiceJoin } from './service-join.ts';

/** The parts of a registry before they are joined: pods that know of no Service, and the Services. */
export interface RegistryParts extends Registry {
  readonly services: readonly ServiceEntry[];
}

interface Made {
  readonly parts: RegistryParts;
  readonly join: ServiceJoin;
}

/** What registries were made of, for the next one. */
const madeOf = new WeakMap<Registry, Made>();

const nothing: Made = { parts: { ...emptyRegistry, services: [] }, join: createServiceJoin([]) };

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
    namespaces: keptList(before.parts.namespaces, given.namespaces, likeness),
    serviceAccounts: keptList(before.parts.serviceAccounts, given.serviceAccounts, likeness),
    networkSets: keptList(before.parts.networkSets, given.networkSets, likeness),
  };
  if (last !== undefined && saysTheSameParts(parts, before.parts)) return last;
  const join = parts.services === before.parts.services ? before.join : createServiceJoin(parts.services, before.join);
  const joined = parts.services.length === 0 ? parts.endpoints : parts.endpoints.map(join.join);
  const { namespaces, serviceAccounts, networkSets } = parts;
  const endpoints = keptList(last?.endpoints ?? [], joined, likeness);
  const registry: Registry = { endpoints, namespaces, serviceAccounts, networkSets };
  const made = last !== undefined && isSameRegistry(registry, last) ? last : registry;
  madeOf.set(made, { parts, join });
  return made;
}

const saysTheSameParts = (a: RegistryParts, b: RegistryParts): boolean =>
  a.services === b.services && isSameRegistry(a, b);

const isSameRegistry = (a: Registry, b: Registry): boolean =>
  a.endpoints === b.endpoints &&
  a.namespaces === b.namespaces &&
  a.serviceAccounts === b.serviceAccounts &&
  a.networkSets === b.networkSets;
