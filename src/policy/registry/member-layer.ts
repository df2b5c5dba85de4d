/**
 * Pods and network sets as what holds an address, bears an account and has labels; and some of them, indexed.
 * @module
 */
import { type IpRange, parseCidr, unmappedRange } from '../../lib/ip-address.ts';
import { CidrTrie } from '../../lib/tries/cidr-trie.ts';
import type { Work } from '../../lib/work.ts';
import type { Labels } from '../meaning/labels.ts';
import { endpointLabels, type Heritage, networkSetLabels } from './effective-labels.ts';
import type { Endpoint, NamedPort, NetworkSet } from './registry.ts';

/** What can be a member. */
export type Thing = Endpoint | NetworkSet;

/** A pod or a network set, as long as neither it nor what it inherits from changes. */
export interface Member {
  /** Its own among all members that are judged together. */
  readonly id: number;
  readonly thing: Thing;
  /** The thing, unless it is a network set. */
  readonly endpoint: Endpoint | undefined;
  /** Rises with the things' places in the registry, with gaps. */
  readonly place: number;
  readonly heritage: Heritage;
  /** Effective labels, made when they are first asked for. */
  labels: Labels | undefined;
}

/** Creates a member whose labels nobody has asked for. */
export function createMember(id: number, thing: Thing, place: number, heritage: Heritage): Member {
  const endpoint = 'nets' in thing ? undefined : thing;
  return { id, thing, endpoint, place, heritage, labels: undefined };
}

/** The effective labels of a member. */
export function labelsOf(member: Member): Labels {
  const { thing, heritage } = member;
  member.labels ??= 'nets' in thing ? networkSetLabels(thing, heritage) : endpointLabels(thing, heritage);
  return member.labels;
}

/** The ports of a member that have names: its own, and by their Services' keys those that Services send to. */
export function namedPortsOf({ thing, endpoint }: Member): readonly NamedPort[] {
  const behind = (thing.behind ?? []).map(({ service, port, protocol }) => ({ name: service, port, protocol }));
  return [...(endpoint?.ports ?? []), ...behind];
}

/** Some members, indexed once; immutable when it is built. */
export interface MemberLayer {
  readonly byThing: ReadonlyMap<Thing, Member>;
  /** Calls `visit` with every member that holds an address, given as 4 or 16 bytes; with one of several nets maybe more than once. */
  holding(address: Uint8Array, visit: (member: Member) => void): void;
  /** The pods of `namespace/serviceAccount`. */
  ofAccount(account: string): readonly Member[];
}

const MEMBERS_AT_ONCE = 64;

/** Indexes members: single addresses by themselves, nets in a tree. Pods on the host's network hold no address. */
export function* memberLayerWork(members: Iterable<Member>): Work<MemberLayer> {
  const byThing = new Map<Thing, Member>();
  const byAddress = new Map<string, Member[]>();
  const byAccount = new Map<string, Member[]>();
  const nets = new CidrTrie<Member[]>();
  let hasNets = false;
  const addNet = (range: IpRange, member: Member): void => {
    if (range.bits === range.bytes.length * 8) listAt(byAddress, addressKey(range.bytes)).push(member);
    else {
      nets.at(range, () => []).push(member);
      hasNets = true;
    }
  };
  for (const member of members) {
    if (byThing.size % MEMBERS_AT_ONCE === 0) yield;
    const { thing, endpoint } = member;
    byThing.set(thing, member);
    if (endpoint?.hostNetwork === true) continue;
    for (const net of 'nets' in thing ? thing.nets : thing.addresses) {
      const range = parseCidr(net);
      if (range !== undefined) addNet(unmappedRange(range), member);
    }
    if (endpoint !== undefined) listAt(byAccount, accountKey(endpoint)).push(member);
  }
  return {
    byThing,
    holding(address, visit) {
      for (const member of byAddress.get(addressKey(address)) ?? []) visit(member);
      if (hasNets) nets.walk(address, visit, visitAll);
    },
    ofAccount: (account) => byAccount.get(account) ?? [],
  };
}

/** Names a service account among all. */
export function accountKey({ namespace, serviceAccount }: Pick<Endpoint, 'namespace' | 'serviceAccount'>): string {
  return `${namespace}/${serviceAccount}`;
}

const addressKey = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

function visitAll(members: readonly Member[], visit: (member: Member) => void): void {
  for (const member of members) visit(member);
}

function listAt<V>(lists: Map<string, V[]>, key: string): V[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}
