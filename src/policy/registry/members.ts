/**
 * What an address or a service account of the registry belongs to. It takes edits: what was indexed once stays, without the members
 * that are gone, and those that came since have a small index of their own. When these grow too many, everything is indexed anew.
 * @module
 */
import { unmapped } from '../../lib/ip-address.ts';
import { listEdit } from '../../lib/lists/list-edit.ts';
import { placesBetween, spacedNumbers } from '../../lib/lists/spaced-numbers.ts';
import { sortWork, type Work } from '../../lib/work.ts';
import { createLabelIndex, type LabelIndex } from './effective-labels.ts';
import {
  accountKey,
  createMember,
  type Member,
  type MemberLayer,
  memberLayerWork,
  type Thing,
} from './member-layer.ts';
import type { Endpoint, Registry } from './registry.ts';

interface Address {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** The members of one registry; immutable. */
export interface RegistryMembers {
  readonly registry: Registry;
  readonly labelIndex: LabelIndex;
  /** The members that hold an address, each once, in the order of the registry. */
  holding(address: Address): readonly Member[];
  /** The pods with a namespace and service account, in the order of the registry. */
  named(account: Pick<Endpoint, 'namespace' | 'serviceAccount'>): readonly Member[];
  /** The member that a pod is; undefined if it is not of this registry. */
  memberOf(endpoint: Endpoint): Member | undefined;
}

/** Gives members their ids; one for all registries whose members are judged together. */
export interface MemberIds {
  next: number;
}

interface Parts {
  readonly things: readonly Thing[];
  readonly base: MemberLayer;
  /** Members that came since. */
  readonly later: MemberLayer;
  /** Members of the base that are gone since. */
  readonly gone: ReadonlySet<Member>;
}

/** Members that came or went since everything was indexed, at most; and what share of all. */
const FEW = 64;
const SHARE = 1 / 16;
/** Places of what is indexed anew are below; above is room for what is put at the end later. */
const FIRST_PLACES = 2 ** 29;
const THINGS_AT_ONCE = 256;
const MOST_REMEMBERED = 65_536;

const partsOf = new WeakMap<RegistryMembers, Parts>();

/** Indexes the members of a registry: by those of the registry before if little has changed, else anew. */
export function* membersWork(
  registry: Registry,
  ids: MemberIds,
  last: RegistryMembers | undefined,
): Work<RegistryMembers> {
  if (last?.registry === registry) return last;
  const labelIndex = createLabelIndex(registry);
  const things: readonly Thing[] = [...registry.endpoints, ...registry.networkSets];
  const parts =
    (last && (yield* editedParts(last, { registry, things, labelIndex, ids }))) ??
    (yield* newParts({ registry, things, labelIndex, ids }));
  return createMembers(registry, labelIndex, parts);
}

interface Given {
  readonly registry: Registry;
  readonly things: readonly Thing[];
  readonly labelIndex: LabelIndex;
  readonly ids: MemberIds;
}

function* newParts({ things, labelIndex, ids }: Given): Work<Parts> {
  const places = spacedNumbers(things.length, 0, FIRST_PLACES)!; // far fewer than there are numbers
  const members: Member[] = [];
  for (const [i, thing] of things.entries()) {
    if (i % THINGS_AT_ONCE === 0) yield;
    members.push(createMember(ids.next++, thing, places[i]!, labelIndex.heritageOf(thing)));
  }
  return { things, base: yield* memberLayerWork(members), later: yield* memberLayerWork([]), gone: new Set() };
}

/** The parts with what came and without what is gone; undefined if they must be made anew. */
function* editedParts(last: RegistryMembers, given: Given): Work<Parts | undefined> {
  const { things, labelIndex, ids } = given;
  const { base, later, gone, things: before } = partsOf.get(last)!; // all members have them
  const memberOf = (thing: Thing): Member => later.byThing.get(thing) ?? base.byThing.get(thing)!;
  const edit = listEdit(before, things);
  const places = placesBetween(things, edit, (thing) => memberOf(thing).place);
  if (places === undefined) return undefined;
  const renewed = yield* withOtherHeritage(last, given, edit.came, memberOf);
  const left = new Set([...edit.gone.map(memberOf), ...renewed]);
  const members = new Set(later.byThing.values());
  const nowGone = new Set(gone);
  for (const member of left) if (!members.delete(member)) nowGone.add(member);
  const add = (thing: Thing, place: number): unknown =>
    members.add(createMember(ids.next++, thing, place, labelIndex.heritageOf(thing)));
  for (const [thing, place] of places) add(thing, place);
  for (const { thing, place } of renewed) add(thing, place);
  // A list that holds something twice is no list that can be edited.
  if (base.byThing.size - nowGone.size + members.size !== things.length) return undefined;
  if (nowGone.size + members.size <= Math.max(FEW, things.length * SHARE))
    return { things, base, later: yield* memberLayerWork(members), gone: nowGone };
  const all = [...base.byThing.values()].filter((member) => !nowGone.has(member));
  for (const member of members) all.push(member);
  const sorted = yield* sortWork(all, byPlace);
  return { things, base: yield* memberLayerWork(sorted), later: yield* memberLayerWork([]), gone: new Set() };
}

/** The members that stay, and whose namespace or account has other labels than before. */
function* withOtherHeritage(
  last: RegistryMembers,
  { registry, things, labelIndex }: Given,
  came: ReadonlySet<Thing>,
  memberOf: (thing: Thing) => Member,
): Work<readonly Member[]> {
  const { namespaces, serviceAccounts } = last.registry;
  if (registry.namespaces === namespaces && registry.serviceAccounts === serviceAccounts) return [];
  const out: Member[] = [];
  for (const [i, thing] of things.entries()) {
    if (i % THINGS_AT_ONCE === 0) yield;
    if (came.has(thing)) continue;
    const member = memberOf(thing);
    const { namespace, serviceAccount } = labelIndex.heritageOf(thing);
    const { heritage } = member;
    if (heritage.namespace !== namespace || heritage.serviceAccount !== serviceAccount) out.push(member);
  }
  return out;
}

function createMembers(registry: Registry, labelIndex: LabelIndex, parts: Parts): RegistryMembers {
  const { base, later, gone } = parts;
  const known = new Map<string, readonly Member[]>();
  const members: RegistryMembers = {
    registry,
    labelIndex,
    holding(address) {
      let found = known.get(address.text);
      if (found === undefined) {
        const held = new Set<Member>();
        const bytes = unmapped(address.bytes);
        base.holding(bytes, (member) => gone.has(member) || held.add(member));
        later.holding(bytes, (member) => held.add(member));
        found = [...held].sort(byPlace);
        if (known.size >= MOST_REMEMBERED) known.clear();
        known.set(address.text, found);
      }
      return found;
    },
    named(account) {
      const key = accountKey(account);
      const [stayed, came] = [base.ofAccount(key), later.ofAccount(key)];
      if (came.length === 0 && gone.size === 0) return stayed;
      return [...stayed.filter((member) => !gone.has(member)), ...came].sort(byPlace);
    },
    memberOf(endpoint) {
      const member = later.byThing.get(endpoint) ?? base.byThing.get(endpoint);
      return member === undefined || gone.has(member) ? undefined : member;
    },
  };
  partsOf.set(members, parts);
  return members;
}

const byPlace = (a: Member, b: Member): number => a.place - b.place;
