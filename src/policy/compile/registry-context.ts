/**
 * The registry as compiled policy asks it: which endpoints hold an address, and what their labels satisfy.
 * @module
 */
import { CidrTrie } from '../../lib/cidr-trie.ts';
import { parseCidr, unmapped } from '../../lib/ip-address.ts';
import { no, type Truth, unknown, yes } from '../absence.ts';
import type { Destination, Facts, IpAddress } from '../facts.ts';
import { type LabelExpr, type Labels, labelsMatch } from '../labels.ts';
import type { Absence } from '../model.ts';
import { createLabelBook, type LabelBook } from '../registry/effective-labels.ts';
import type { Endpoint, Registry } from '../registry/registry.ts';
import type { ConditionContext, RegistryAtom } from './condition.ts';
import type { SubjectContext } from './subject.ts';

/** A registry, indexed. */
export interface RegistryContext extends SubjectContext, Pick<ConditionContext, 'registryAtom'> {
  readonly endpointLabels: (destination: Destination) => Labels | undefined;
  readonly registryAtom: (atom: RegistryAtom) => (facts: Facts) => Truth;
  /** The same workload with its pod: the one that holds the address and bears the workload's namespace and service account. */
  locate(destination: Destination, address: IpAddress | undefined): Destination;
  /** The pods that hold an address. */
  endpointsAt(address: IpAddress | undefined): readonly Endpoint[];
  readonly book: LabelBook;
}

/** What an address can belong to. */
interface Member {
  readonly labels: Labels;
  /** Undefined for a network set. */
  readonly endpoint: Endpoint | undefined;
}

interface Membership {
  readonly id: number;
  /** Only by a range of a network set. */
  readonly ranged: boolean;
}

const MOST_REMEMBERED = 65_536;

/** Indexes a registry; a network set or pod with several addresses is one member. */
export function createRegistryContext(registry: Registry, absence: Absence): RegistryContext {
  const book = createLabelBook(registry);
  const members: Member[] = [];
  const trie = new CidrTrie<Membership[]>();
  const file = (net: string, id: number): void => {
    const range = parseCidr(net);
    if (range !== undefined) trie.at(range, () => []).push({ id, ranged: range.bits < range.bytes.length * 8 });
  };
  for (const endpoint of registry.endpoints) {
    if (endpoint.hostNetwork) continue;
    const id = members.push({ labels: book.ofEndpoint(endpoint), endpoint }) - 1;
    for (const address of endpoint.addresses) file(address, id);
  }
  for (const set of registry.networkSets) {
    const id = members.push({ labels: book.ofNetworkSet(set), endpoint: undefined }) - 1;
    for (const net of set.nets) file(net, id);
  }
  const holding = rememberHolding(trie);
  const endpointsAt = (address: IpAddress | undefined): Endpoint[] =>
    address === undefined ? [] : holding(address).flatMap(({ id }) => members[id]?.endpoint ?? []);
  const located = new WeakMap<Destination, Endpoint>();
  return {
    book,
    endpointsAt,
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
      if (endpoint !== undefined) return book.ofEndpoint(endpoint);
      const { namespace, serviceAccount, labels } = destination;
      return labels && book.ofEndpoint({ namespace, serviceAccount, labels: [...labels] });
    },
    registryAtom(atom) {
      if (atom.op === 'identity') return identityJudge(atom, book, absence);
      const address = addressOf(atom.end);
      const absent = absence === 'strict' ? unknown : no;
      if (atom.op === 'namedPort') {
        const port = (facts: Facts): number => (atom.end === 'source' ? facts.sourcePort : facts.destinationPort);
        return (facts) => {
          const wanted = port(facts);
          const named = endpointsAt(address(facts)).some(({ ports }) =>
            ports.some((one) => one.name === atom.name && one.port === wanted),
          );
          return named ? yes : no;
        };
      }
      const satisfying = membersSatisfying(members, atom.selector);
      const ranges = atom.ranges || absence === 'strict';
      return (facts) => {
        const at = address(facts);
        if (at === undefined) return absent;
        for (const { id, ranged } of holding(at)) if ((ranges || !ranged) && satisfying.has(id)) return yes;
        return no;
      };
    },
  };
}

const addressOf = (end: 'source' | 'destination') =>
  end === 'source' ? (facts: Facts) => facts.sourceAddress : (facts: Facts) => facts.destinationAddress;

function membersSatisfying(members: readonly Member[], selector: LabelExpr): ReadonlySet<number> {
  const out = new Set<number>();
  for (const [id, { labels }] of members.entries()) if (labelsMatch(selector, labels)) out.add(id);
  return out;
}

/** Walks the trie once an address, within bounds. */
function rememberHolding(trie: CidrTrie<Membership[]>): (address: IpAddress) => readonly Membership[] {
  const known = new Map<string, readonly Membership[]>();
  return (address) => {
    let found = known.get(address.text);
    if (found === undefined) {
      const out: Membership[] = [];
      trie.walk(unmapped(address.bytes), out, (memberships, into) => into.push(...memberships));
      found = out;
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.set(address.text, found);
    }
    return found;
  };
}

const IDENTITY = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/;

function identityJudge(
  atom: Extract<RegistryAtom, { op: 'identity' }>,
  book: LabelBook,
  absence: Absence,
): (facts: Facts) => Truth {
  const absent = absence === 'strict' ? unknown : yes;
  const none: Labels = new Map();
  return (facts) => {
    const match = IDENTITY.exec(atom.end === 'source' ? facts.sourcePrincipal : facts.destinationPrincipal);
    const namespace = match?.[1];
    const name = match?.[2];
    if (namespace === undefined || name === undefined) return absent;
    if (atom.ownNamespace !== undefined && atom.ownNamespace !== namespace) return no;
    if (atom.namespace !== undefined && !labelsMatch(atom.namespace, book.ofNamespace(namespace) ?? none)) return no;
    if (atom.names !== undefined && !atom.names.includes(name)) return no;
    if (atom.serviceAccount === undefined) return yes;
    const stored = book.ofServiceAccount(namespace, name) ?? none;
    const labels =
      atom.end === 'source' && facts.sourceLabels.size > 0 ? new Map([...facts.sourceLabels, ...stored]) : stored;
    return labelsMatch(atom.serviceAccount, labels) ? yes : no;
  };
}
