/**
 * What an address or a name of the registry belongs to: pods and network sets, by address, by service account and by label.
 * @module
 */
import { CidrTrie } from '../../lib/cidr-trie.ts';
import { parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import type { ServiceAccountRef } from '../../spiffe/spiffe-id.ts';
import type { IpAddress } from '../facts.ts';
import type { LabelIndex } from '../registry/effective-labels.ts';
import type { Endpoint, Registry } from '../registry/registry.ts';
import { type LabelExpr, type Labels, labelsMatch } from './labels.ts';

/** A pod, or a network set. */
export interface Member {
  readonly id: number;
  /** Effective labels. */
  readonly labels: Labels;
  /** Undefined for a network set. */
  readonly endpoint: Endpoint | undefined;
}

/** The members of a registry, indexed. */
export interface RegistryMembers {
  /** The ids of the members that hold an address. */
  holding(address: IpAddress): readonly number[];
  /** The pods that hold an address; none for an absent one. */
  endpointsAt(address: IpAddress | undefined): readonly Endpoint[];
  /** The pods with the namespace and service account that a principal names; undefined if it names none. */
  named(principal: string): readonly Member[] | undefined;
  /** The ids of the members whose labels satisfy a selector. */
  satisfying(selector: LabelExpr): ReadonlySet<number>;
}

const MOST_REMEMBERED = 65_536;

/** Indexes a registry; a network set or pod with several addresses is one member, and pods on the host's network are none. */
export function indexMembers(registry: Registry, labelIndex: LabelIndex): RegistryMembers {
  const members: Member[] = [];
  const trie = new CidrTrie<number[]>();
  const add = (labels: Labels, endpoint: Endpoint | undefined, nets: readonly string[]): void => {
    const id = members.length;
    members.push({ id, labels, endpoint });
    for (const net of nets) {
      const range = parseCidr(net);
      if (range !== undefined) trie.at(unmappedRange(range), () => []).push(id);
    }
  };
  for (const endpoint of registry.endpoints)
    if (!endpoint.hostNetwork) add(labelIndex.ofEndpoint(endpoint), endpoint, endpoint.addresses);
  for (const set of registry.networkSets) add(labelIndex.ofNetworkSet(set), undefined, set.nets);
  const holding = rememberHolding(trie);
  const byAccount = Map.groupBy(members, ({ endpoint }) =>
    endpoint === undefined ? '' : `${endpoint.namespace}/${endpoint.serviceAccount}`,
  );
  const bySelector = new Map<string, ReadonlySet<number>>();
  return {
    holding,
    endpointsAt: (address) =>
      address === undefined ? [] : holding(address).flatMap((id) => members[id]?.endpoint ?? []),
    named(principal) {
      const account = accountOf(principal);
      return account && (byAccount.get(`${account.namespace}/${account.serviceAccount}`) ?? []);
    },
    satisfying(selector) {
      const key = JSON.stringify(selector);
      const known = bySelector.get(key) ?? membersSatisfying(members, selector);
      bySelector.set(key, known);
      return known;
    },
  };
}

/** Reads the service account that a principal names in the usual form, whatever its trust domain; undefined if it names none. */
export function accountOf(principal: string): ServiceAccountRef | undefined {
  const match = IDENTITY.exec(principal);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { namespace: match[1], serviceAccount: match[2] };
}

const IDENTITY = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;

function membersSatisfying(members: readonly Member[], selector: LabelExpr): ReadonlySet<number> {
  const out = new Set<number>();
  for (const { id, labels } of members) if (labelsMatch(selector, labels)) out.add(id);
  return out;
}

/** Walks the trie once for each address, within bounds. */
function rememberHolding(trie: CidrTrie<number[]>): (address: IpAddress) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  return (address) => {
    let found = known.get(address.text);
    if (found === undefined) {
      const out: number[] = [];
      trie.walk(unmapped(address.bytes), out, (members, into) => {
        for (const id of members) into.push(id);
      });
      found = out;
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(address.text, found);
    }
    return found;
  };
}
