/**
 * Which classes people mean when they name one.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { ipInRange, parseCidr, parseIp } from '../../lib/ip-address.ts';
import type { UniverseClass } from './universe.ts';

/**
 * The classes of a name: a class's own, a pod, a namespace, an address, or `outside`.
 *
 * @throws GatehouseError `not_found` if there is none
 */
export function classesNamed(name: string | undefined, classes: readonly UniverseClass[]): ReadonlySet<UniverseClass> {
  if (name === undefined) return new Set(classes);
  const address = parseIp(name);
  const found = classes.filter((one) => {
    const { id, members, outside, namespace, future } = one;
    if (id === name || members.includes(name)) return true;
    if (outside !== undefined)
      return name === 'outside' || (address !== undefined && outside.cidrs.some((cidr) => holds(cidr, address)));
    if (address !== undefined) return one.residents.some((resident) => resident?.addresses.includes(name));
    return namespace === name || (future?.namespaces.includes(name) ?? false);
  });
  if (found.length > 0) return new Set(found);
  throw new GatehouseError(
    'not_found',
    `${name} is no class, pod (namespace/name), namespace or address of this registry, and not the word outside`,
    { name },
  );
}

function holds(cidr: string, address: Uint8Array): boolean {
  const range = parseCidr(cidr);
  return range !== undefined && ipInRange(address, range);
}
