/**
 * Who sends requests and who receives them: one pod of each kind, and peers that are no pods.
 * @module
 */
import type { Endpoint, Registry } from '../../../policy/registry/registry.ts';

/** A sender or a destination; `endpoint` is undefined for one that is in no registry. */
export interface Party {
  readonly name: string;
  readonly namespace: string;
  readonly principal: string;
  readonly address: string;
  readonly endpoint: Endpoint | undefined;
}

const MOST_STRANGERS = 400;
const OUTSIDE = '203.0.113.9';

/** The pods that have an address; those of which all is equal but name and address count once. */
export function partiesOf(endpoints: readonly Endpoint[], trustDomain: string): readonly Party[] {
  const kinds = new Map<string, Party>();
  for (const endpoint of endpoints) {
    const { namespace, name, serviceAccount, labels, ports, addresses, hostNetwork } = endpoint;
    const address = addresses[0]?.split('/', 1)[0];
    if (address === undefined || hostNetwork) continue;
    const kind = JSON.stringify([namespace, serviceAccount, labels.toSorted(([a], [b]) => (a < b ? -1 : 1)), ports]);
    if (kinds.has(kind)) continue;
    const principal = `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
    kinds.set(kind, { name: `${namespace}/${name}`, namespace, principal, address, endpoint });
  }
  return [...kinds.values()];
}

/** A peer from outside, and an address in each net of a network set. */
export function strangersOf({ networkSets }: Registry): readonly Party[] {
  const outside = { namespace: '', principal: '', endpoint: undefined };
  const some = [...new Set(networkSets.flatMap(({ nets }) => nets))].slice(0, MOST_STRANGERS);
  return [
    { ...outside, name: 'outside', address: OUTSIDE },
    ...some.map((net) => ({ ...outside, name: `network ${net}`, address: net.split('/', 1)[0] ?? net })),
  ];
}
