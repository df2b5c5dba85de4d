/**
 * The places behind Services that EndpointSlices tell of: which of them are pods, and which are none.
 * @module
 */
import { type Endpoint, type NetworkSet, NO_PORT, type ServicePort, type SliceEntry, serviceKey } from './registry.ts';

/** The ports at which Services send to an address, by the address. */
export type SlicePlaces = ReadonlyMap<string, readonly ServicePort[]>;

/** Reads slices of Services that are there. */
export function slicePlaces(slices: readonly SliceEntry[]): SlicePlaces {
  const out = new Map<string, ServicePort[]>();
  for (const { namespace, service, addresses, ports } of slices) {
    const key = serviceKey(namespace, service);
    const sent = ports.length === 0 ? [{ port: NO_PORT, protocol: 'TCP' as const }] : ports;
    for (const address of addresses) {
      const known = out.get(address) ?? [];
      out.set(address, known);
      for (const { port, protocol } of sent)
        if (!known.some((one) => one.service === key && one.port === port && one.protocol === protocol))
          known.push({ service: key, port, protocol });
    }
  }
  return out;
}

/** The places that no pod of their namespace has as its own address. */
export function placesOf(
  byNamespace: ReadonlyMap<string, { readonly places: SlicePlaces }>,
  endpoints: readonly Endpoint[],
): readonly NetworkSet[] {
  const left = new Map<string, Map<string, readonly ServicePort[]>>();
  for (const [namespace, { places }] of byNamespace) if (places.size > 0) left.set(namespace, new Map(places));
  if (left.size === 0) return [];
  for (const { namespace, addresses, hostNetwork } of endpoints)
    if (!hostNetwork) for (const address of addresses) left.get(namespace)?.delete(address);
  return [...left].flatMap(([namespace, places]) =>
    [...places].map(([address, behind]) => ({
      ...{ namespace, name: `place ${address}`, labels: [], nets: [address], behind },
    })),
  );
}
