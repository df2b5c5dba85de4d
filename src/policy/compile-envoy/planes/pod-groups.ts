/**
 * Addresses of pods of which all conditions say the same, so that one of them is asked about for all.
 * @module
 */
import { parseCidr, parseIp, unmapped, unmappedRange } from '../../../lib/ip-address.ts';
import { CidrTrie } from '../../../lib/tries/cidr-trie.ts';
import type { IpAddress } from '../../facts.ts';
import type { Expr, Plane, Rule } from '../../model.ts';
import { labelsOf, type Member } from '../../registry/member-layer.ts';
import type { Endpoint } from '../../registry/registry.ts';
import type { IndexedRegistry } from './indexed-registry.ts';

/** Some addresses of pods. */
export interface PodGroup {
  /** All that conditions on these addresses can ask for. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** Of one of them. */
  readonly address: IpAddress;
  /** The pods that hold that address. */
  readonly pods: readonly Endpoint[];
  /** Theirs, as `/ns/…/sa/…`; undefined: they do not agree. */
  readonly account: string | undefined;
}

/** An address of a pod, and the name of its group. */
interface Named {
  readonly address: IpAddress;
  readonly name: string;
}

interface Grouped {
  readonly nets: Nets;
  /** By their texts; undefined: in no group. */
  readonly named: Map<string, Named | undefined>;
  all: readonly PodGroup[] | undefined;
}

const known = new WeakMap<IndexedRegistry, WeakMap<Nets, Grouped>>();

function groupedOf(indexed: IndexedRegistry, planes: readonly Plane[]): Grouped {
  const nets = netsOf(planes);
  const byNets = known.get(indexed) ?? new WeakMap<Nets, Grouped>();
  known.set(indexed, byNets);
  const grouped = byNets.get(nets) ?? { nets, named: new Map(), all: undefined };
  byNets.set(nets, grouped);
  return grouped;
}

/** Groups the addresses of all pods, but for those behind hops and those on the network of their nodes. */
export function podGroups(indexed: IndexedRegistry, planes: readonly Plane[]): readonly PodGroup[] {
  const grouped = groupedOf(indexed, planes);
  grouped.all ??= groupsOf(indexed, indexed.registry.endpoints, grouped);
  return grouped.all;
}

/** Groups the addresses of some pods. */
export function groupsOfPods(
  indexed: IndexedRegistry,
  planes: readonly Plane[],
  pods: readonly Endpoint[],
): readonly PodGroup[] {
  return groupsOf(indexed, pods, groupedOf(indexed, planes));
}

/** Those of `groups` that `others` lack, or have with other addresses. */
export function groupsUnlike(groups: readonly PodGroup[], others: readonly PodGroup[]): readonly PodGroup[] {
  const addresses = new Map(others.map((each) => [each.name, each.addresses.join(' ')]));
  return groups.filter((each) => addresses.get(each.name) !== each.addresses.join(' '));
}

/** How many addresses are in no group of the same name any more. */
export function countGone(before: readonly PodGroup[], now: readonly PodGroup[]): number {
  const left = new Map(now.map(({ name, addresses }) => [name, new Set(addresses)]));
  let gone = 0;
  for (const { name, addresses } of before)
    for (const each of addresses) if (left.get(name)?.has(each) !== true) gone++;
  return gone;
}

function groupsOf(indexed: IndexedRegistry, pods: readonly Endpoint[], grouped: Grouped): readonly PodGroup[] {
  const groups = new Map<string, PodGroup & { readonly addresses: string[] }>();
  for (const text of new Set(pods.flatMap(({ hostNetwork, addresses }) => (hostNetwork ? [] : addresses.map(bare))))) {
    const named = namedAt(text, indexed, grouped);
    if (named === undefined) continue;
    const { name, address } = named;
    const group = groups.get(name);
    if (group !== undefined) group.addresses.push(text);
    else groups.set(name, { name, addresses: [text], address, ...holdersOf(indexed.context.endpointsAt(address)) });
  }
  return [...groups.values()];
}

/** A range of one address is the address, as workloads of a configuration have it. */
const bare = (text: string): string => text.replace(text.includes(':') ? /\/128$/ : /\/32$/, '');

function namedAt(text: string, { context }: IndexedRegistry, { named, nets }: Grouped): Named | undefined {
  const before = named.get(text);
  if (before !== undefined || named.has(text)) return before;
  const bytes = parseIp(text);
  let found: Named | undefined;
  // an IPv4-mapped address is none that Envoy would show
  if (bytes !== undefined && unmapped(bytes) === bytes && !context.isBehindHop({ bytes, text })) {
    const address = { bytes, text };
    const name = `${context.membersAt(address).map(nameOfMember).join(' ')} ${nets.holding(bytes)}`;
    found = { address, name };
  }
  named.set(text, found);
  return found;
}

function holdersOf(pods: readonly Endpoint[]): Pick<PodGroup, 'pods' | 'account'> {
  const [account, ...others] = new Set(pods.map((pod) => `/ns/${pod.namespace}/sa/${pod.serviceAccount}`));
  return { pods, account: others.length === 0 ? account : undefined };
}

const names = new WeakMap<Member, string>();

/** All that conditions on a member can ask for. */
function nameOfMember(member: Member): string {
  let name = names.get(member);
  if (name === undefined) {
    const labels = [...labelsOf(member)].sort(([a], [b]) => (a < b ? -1 : 1));
    const { thing, endpoint } = member;
    const isPlace = 'nets' in thing && thing.behind !== undefined;
    const own = endpoint && [endpoint.namespace, endpoint.serviceAccount, endpoint.labels, endpoint.ports];
    name = JSON.stringify([own ?? isPlace, labels, thing.behind ?? []]);
    names.set(member, name);
  }
  return name;
}

/** The ranges that the planes name. */
interface Nets {
  /** Names those that hold an address. */
  holding(bytes: Uint8Array): string;
}

const netsKnown = new WeakMap<readonly Plane[], Nets>();

let last: { readonly name: string; readonly nets: Nets } | undefined;

/** Of planes with the same ranges the same value. */
function netsOf(planes: readonly Plane[]): Nets {
  let nets = netsKnown.get(planes);
  if (nets === undefined) {
    const texts = new Set(rulesOf(planes).flatMap(rangesOf));
    const name = [...texts].sort().join(' ');
    nets = last?.name === name ? last.nets : netsOfTexts(texts);
    last = { name, nets };
    netsKnown.set(planes, nets);
  }
  return nets;
}

function netsOfTexts(texts: Iterable<string>): Nets {
  const trie = new CidrTrie<number>();
  let count = 0;
  for (const text of texts) {
    const range = parseCidr(text);
    for (const each of range === undefined ? [] : [range, unmappedRange(range)]) trie.at(each, () => count++);
  }
  return {
    holding(bytes) {
      const found: number[] = [];
      trie.walk(bytes, found, (id, into) => into.push(id));
      return found.join(' ');
    },
  };
}

type WithRules = { readonly rules: readonly Rule[] };

const rangesKnown = new WeakMap<WithRules, readonly string[]>();

/** The ranges that a policy names. */
function rangesOf(policy: WithRules): readonly string[] {
  let ranges = rangesKnown.get(policy);
  if (ranges === undefined) {
    const found = new Set<string>();
    for (const { http, tcp } of policy.rules)
      for (const expr of [http, tcp]) if (expr !== undefined) gather(expr, (text) => found.add(text));
    ranges = [...found];
    rangesKnown.set(policy, ranges);
  }
  return ranges;
}

const rulesOf = (planes: readonly Plane[]): readonly WithRules[] =>
  planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'transport' || stage.kind === 'token' ? [] : stage.policies)),
  );

function gather(expr: Expr, add: (text: string) => void): void {
  if (expr.op === 'all' || expr.op === 'any') for (const part of expr.of) gather(part, add);
  else if (expr.op === 'not') gather(expr.of, add);
  else if (expr.op === 'address') for (const { text } of expr.any) add(text);
}
