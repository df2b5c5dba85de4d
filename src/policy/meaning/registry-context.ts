/**
 * The registry as compiled policy asks it: which endpoints hold an address, and what their labels satisfy.
 * @module
 */
import { CidrTrie } from '../../lib/cidr-trie.ts';
import { ipInRange, parseCidr, unmapped, unmappedRange } from '../../lib/ip-address.ts';
import type { ServiceAccountRef } from '../../spiffe/spiffe-id.ts';
import type { Destination, Facts, IpAddress } from '../facts.ts';
import type { Absence } from '../model.ts';
import { createLabelIndex, type LabelIndex } from '../registry/effective-labels.ts';
import type { Endpoint, Registry } from '../registry/registry.ts';
import { no, type Truth, unknown, yes } from './absence.ts';
import { type LabelExpr, type Labels, labelsMatch } from './labels.ts';
import type { ConditionContext, RegistryAtom } from './registry-atom.ts';
import type { SubjectContext } from './subject.ts';

/** A registry, indexed. */
export interface RegistryContext extends SubjectContext, Pick<ConditionContext, 'registryAtom'> {
  readonly endpointLabels: (destination: Destination) => Labels | undefined;
  readonly registryAtom: (atom: RegistryAtom) => (facts: Facts) => Truth;
  /** The same workload with its pod: the one that holds the address and bears the workload's namespace and service account. */
  locate(destination: Destination, address: IpAddress | undefined): Destination;
  /** The pods that hold an address. */
  endpointsAt(address: IpAddress | undefined): readonly Endpoint[];
  /** The pods with the namespace and service account that a principal names; undefined if it names none. */
  endpointsNamed(principal: string): readonly Endpoint[] | undefined;
  accountOf(principal: string): ServiceAccountRef | undefined;
  /** Whether an address is that of a hop (NAT, gateway): it says nothing about the source's place. */
  isBehindHop(address: IpAddress | undefined): boolean;
  /** A pod as somebody whose policies are asked for. */
  destinationOf(endpoint: Endpoint): Destination;
}

/** What an address can belong to. */
interface Member {
  readonly id: number;
  readonly labels: Labels;
  /** Undefined for a network set. */
  readonly endpoint: Endpoint | undefined;
}

const ipProtocols = { TCP: 6, UDP: 17, SCTP: 132 } as const;

const MOST_REMEMBERED = 65_536;

/** Indexes a registry; a network set or pod with several addresses is one member. */
export function createRegistryContext(
  registry: Registry,
  absence: Absence,
  hops: readonly string[] = [],
): RegistryContext {
  const labelIndex = createLabelIndex(registry);
  const members: Member[] = [];
  const trie = new CidrTrie<number[]>();
  const addAddress = (net: string, id: number): void => {
    const range = parseCidr(net);
    if (range !== undefined) trie.at(unmappedRange(range), () => []).push(id);
  };
  for (const endpoint of registry.endpoints) {
    if (endpoint.hostNetwork) continue;
    const id = members.length;
    members.push({ id, labels: labelIndex.ofEndpoint(endpoint), endpoint });
    for (const address of endpoint.addresses) addAddress(address, id);
  }
  for (const set of registry.networkSets) {
    const id = members.length;
    members.push({ id, labels: labelIndex.ofNetworkSet(set), endpoint: undefined });
    for (const net of set.nets) addAddress(net, id);
  }
  const holding = rememberHolding(trie);
  const endpointsAt = (address: IpAddress | undefined): Endpoint[] =>
    address === undefined ? [] : holding(address).flatMap((id) => members[id]?.endpoint ?? []);
  const bySelector = new Map<string, ReadonlySet<number>>();
  const satisfyingOnce = (selector: LabelExpr): ReadonlySet<number> => {
    const key = JSON.stringify(selector);
    const known = bySelector.get(key) ?? membersSatisfying(members, selector);
    bySelector.set(key, known);
    return known;
  };
  const located = new WeakMap<Destination, Endpoint>();
  const hopRanges = hops.flatMap((hop) => parseCidr(hop) ?? []).map(unmappedRange);
  const isBehindHop = (address: IpAddress | undefined): boolean =>
    address !== undefined && hopRanges.some((range) => ipInRange(unmapped(address.bytes), range));
  const byAccount = Map.groupBy(members, ({ endpoint }) =>
    endpoint === undefined ? '' : `${endpoint.namespace}/${endpoint.serviceAccount}`,
  );
  const membersNamed = (principal: string): readonly Member[] | undefined => {
    const account = accountOf(principal);
    return account && (byAccount.get(`${account.namespace}/${account.serviceAccount}`) ?? []);
  };
  return {
    endpointsAt,
    accountOf,
    isBehindHop,
    endpointsNamed: (principal) => membersNamed(principal)?.flatMap(({ endpoint }) => endpoint ?? []),
    destinationOf(endpoint) {
      const { namespace, serviceAccount, labels } = endpoint;
      const destination: Destination = { spiffeId: '', namespace, serviceAccount, labels: new Map(labels) };
      located.set(destination, endpoint);
      return destination;
    },
    locate(destination, address) {
      const endpoint = endpointsAt(address).find(
        (one) => one.namespace === destination.namespace && one.serviceAccount === destination.serviceAccount,
      );
      if (endpoint === undefined) return destination;
      const found = { ...destination, labels: new Map(endpoint.labels) };
      located.set(found, endpoint);
      return found;
    },
    endpointLabels(destination) {
      const endpoint = located.get(destination);
      if (endpoint !== undefined) return labelIndex.ofEndpoint(endpoint);
      const { namespace, serviceAccount, labels } = destination;
      return labels && labelIndex.ofEndpoint({ namespace, serviceAccount, labels: [...labels] });
    },
    registryAtom(atom) {
      if (atom.op === 'identity') return identityJudge(atom, labelIndex, absence);
      const address = addressOf(atom.end);
      const absent = absence === 'strict' ? unknown : no;
      if (atom.op === 'namedPort') {
        const port = (facts: Facts): number => (atom.end === 'source' ? facts.sourcePort : facts.destinationPort);
        return (facts) => {
          const wanted = port(facts);
          const named = endpointsAt(address(facts)).some(({ ports, behind = [] }) =>
            [...ports, ...behind.map((one) => ({ ...one, name: one.service }))].some(
              (one) => one.name === atom.name && one.port === wanted && ipProtocols[one.protocol] === facts.ipProtocol,
            ),
          );
          return named ? yes : no;
        };
      }
      const satisfying = satisfyingOnce(atom.selector);
      const selected = (member: Member): boolean => satisfying.has(member.id);
      return (facts) => {
        const at = address(facts);
        if (at === undefined) return absent;
        if (atom.byHops && atom.end === 'source' && isBehindHop(at))
          return agreed(membersNamed(facts.sourcePrincipal), selected);
        return holding(at).some((id) => satisfying.has(id)) ? yes : no;
      };
    },
  };
}

const addressOf = (end: 'source' | 'destination') =>
  end === 'source' ? (facts: Facts) => facts.sourceAddress : (facts: Facts) => facts.destinationAddress;

function membersSatisfying(members: readonly Member[], selector: LabelExpr): ReadonlySet<number> {
  const out = new Set<number>();
  for (const { id, labels } of members) if (labelsMatch(selector, labels)) out.add(id);
  return out;
}

/** Walks the trie once an address, within bounds. */
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

/** What is true of all of them is true, what is true of none is not; of nobody nothing is known. */
function agreed(members: readonly Member[] | undefined, holds: (member: Member) => boolean): Truth {
  const some = members?.filter(holds) ?? [];
  if (members === undefined || members.length === 0) return unknown;
  return some.length === members.length ? yes : some.length === 0 ? no : unknown;
}

/** The service account that a principal names in the usual form, whatever its trust domain. */
function accountOf(principal: string): ServiceAccountRef | undefined {
  const match = IDENTITY.exec(principal);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { namespace: match[1], serviceAccount: match[2] };
}

const IDENTITY = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;

function identityJudge(
  atom: Extract<RegistryAtom, { op: 'identity' }>,
  labelIndex: LabelIndex,
  absence: Absence,
): (facts: Facts) => Truth {
  const absent = absence === 'strict' ? unknown : yes;
  return (facts) => {
    const account = accountOf(atom.end === 'source' ? facts.sourcePrincipal : facts.destinationPrincipal);
    if (account === undefined) return absent;
    const { namespace, serviceAccount: name } = account;
    if (atom.ownNamespace !== undefined && atom.ownNamespace !== namespace) return no;
    if (atom.namespace !== undefined && !labelsMatch(atom.namespace, labelIndex.ofNamespace(namespace))) return no;
    if (atom.names !== undefined && !atom.names.includes(name)) return no;
    if (atom.serviceAccount === undefined) return yes;
    const stored = labelIndex.ofServiceAccount(namespace, name);
    const labels =
      atom.end === 'source' && facts.sourceLabels.size > 0 ? new Map([...facts.sourceLabels, ...stored]) : stored;
    return labelsMatch(atom.serviceAccount, labels) ? yes : no;
  };
}
