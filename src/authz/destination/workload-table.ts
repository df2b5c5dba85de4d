/**
 * What the operator says about the workloads behind the Envoys, found by identity and by address.
 * @module
 */

import { GatehouseError } from '../../errors.ts';
import { parseCidr } from '../../lib/ip-address.ts';
import { CidrTrie } from '../../lib/tries/cidr-trie.ts';

/** One workload of the configuration (`workloads[]`). */
export interface Workload {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly spiffeId: string;
  /** Undefined: unknown. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** CIDR ranges. */
  readonly addresses: readonly string[];
  /** Undefined: the default holds. */
  readonly trustedHops: number | undefined;
}

/** The workloads of the configuration, indexed. */
export interface WorkloadTable {
  /** The workload whose narrowest range holds the address. */
  byAddress(address: Uint8Array | undefined): Workload | undefined;
  /** The workload of an ID; of several the one at the address, else none. */
  byId(spiffeId: string, address: Uint8Array | undefined): Workload | undefined;
  /** The workload of a service account, in the same way. */
  byAccount(namespace: string, serviceAccount: string, address: Uint8Array | undefined): Workload | undefined;
}

/** Creates the table. @throws GatehouseError `config_invalid` for a range that is none */
export function createWorkloadTable(workloads: readonly Workload[]): WorkloadTable {
  const ranges = new CidrTrie<Workload[]>();
  for (const workload of workloads) {
    for (const text of workload.addresses) {
      const range = parseCidr(text);
      if (range === undefined)
        throw new GatehouseError('config_invalid', `workloads: ${JSON.stringify(text)} is not a CIDR range`);
      ranges.at(range, () => []).push(workload);
    }
  }
  const ids = Map.groupBy(workloads, ({ spiffeId }) => spiffeId);
  const accounts = Map.groupBy(workloads, ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
  const at = (address: Uint8Array | undefined): readonly Workload[] => {
    const found: Workload[] = [];
    if (address !== undefined) ranges.walk(address, found, (each, into) => void into.unshift(...each));
    return found;
  };
  const one = (some: readonly Workload[], address: Uint8Array | undefined): Workload | undefined =>
    some.length < 2 ? some[0] : at(address).find((workload) => some.includes(workload));
  return {
    byAddress: (address) => at(address)[0],
    byId: (spiffeId, address) => one(ids.get(spiffeId) ?? [], address),
    byAccount: (namespace, serviceAccount, address) =>
      one(accounts.get(`${namespace}/${serviceAccount}`) ?? [], address),
  };
}
