/**
 * Which parties a condition can mean at all: looked up by what it names, so that nobody else need be asked about.
 * @module
 */
import type { LabelExpr, Labels } from '../../../policy/meaning/labels.ts';
import type { Expr, TextPattern } from '../../../policy/model.ts';
import type { ServiceAccountRef } from '../../../spiffe/spiffe-id.ts';

/** Positions of parties, ascending; undefined where a condition names none of them. */
export type Narrowed = readonly number[] | undefined;

/** What a party is found by. */
export interface Found {
  /** Empty for one that shows none. */
  readonly principal: string;
  /** Undefined for one that shows none: whoever asks for an account may mean it, as Calico reads it. */
  readonly account: ServiceAccountRef | undefined;
  /** Effective labels: a pod's own, or one of each network set that holds the address. */
  readonly labels: readonly Labels[];
}

/** Parties by what conditions name. */
export interface PartyIndex {
  /** Those with whom the condition on the source can hold; `place` looks at no name of theirs. */
  senders(expr: Expr, by: 'all' | 'place'): Narrowed;
  /** Those whose labels can satisfy the selector. */
  labelled(selector: LabelExpr): Narrowed;
  ofNamespace(namespace: string): readonly number[];
}

/** Indexes parties by name and by label. */
export function indexParties(parties: readonly Found[]): PartyIndex {
  const [principals, accounts, namespaces, names, labels] = Array.from({ length: 5 }, () => new Lists());
  const nameless: number[] = [];
  for (const [i, party] of parties.entries()) {
    principals!.add(party.principal, i);
    if (party.account === undefined) nameless.push(i);
    else {
      const { namespace, serviceAccount } = party.account;
      accounts!.add(`${namespace}/${serviceAccount}`, i);
      namespaces!.add(namespace, i);
      names!.add(serviceAccount, i);
    }
    for (const each of party.labels) for (const [key, value] of each) labels!.add(`${key}\0${value}`, i);
  }
  const labelled = (selector: LabelExpr): Narrowed => {
    if (selector.op === 'all') return least(selector.of.map(labelled));
    if (selector.op === 'any') return union(selector.of.map(labelled));
    return selector.op === 'in'
      ? union(selector.values.map((value) => labels!.at(`${selector.key}\0${value}`)))
      : undefined;
  };
  const matching = (pattern: TextPattern): Narrowed => {
    if (pattern.is === 'serviceAccount') return accounts!.at(`${pattern.namespace}/${pattern.serviceAccount}`);
    if (pattern.is === 'exact') return pattern.ignoreCase ? undefined : principals!.at(pattern.value);
    const namespace = namespaceIn(pattern);
    return namespace === undefined ? undefined : namespaces!.at(namespace);
  };
  const identified = ({ ownNamespace, names: wanted }: Extract<Expr, { op: 'identity' }>): Narrowed => {
    const inNamespace = ownNamespace === undefined ? undefined : namespaces!.at(ownNamespace);
    const named = wanted && union(wanted.map((name) => names!.at(name)));
    const found = least([inNamespace, named]);
    return found && union([found, nameless]);
  };
  const senders: PartyIndex['senders'] = (expr, by) => {
    switch (expr.op) {
      case 'all':
        return least(expr.of.map((part) => senders(part, by)));
      case 'any':
        return union(expr.of.map((part) => senders(part, by)));
      case 'endpoint':
        return expr.end === 'source' ? labelled(expr.selector) : undefined;
      case 'text':
        return by === 'all' && expr.fact.of === 'peerName' ? union(expr.any.map(matching)) : undefined;
      case 'identity':
        return by === 'all' && expr.end === 'source' ? identified(expr) : undefined;
      default:
        return undefined;
    }
  };
  return { senders, labelled, ofNamespace: (namespace) => namespaces!.at(namespace) };
}

/** The namespace whose principals alone a pattern can match. */
function namespaceIn(pattern: TextPattern): string | undefined {
  if (pattern.is === 'prefix' && pattern.ignoreCase !== true)
    return /^spiffe:\/\/[^/]+\/ns\/([^/]+)\//.exec(pattern.value)?.[1];
  if (pattern.is !== 'glob' || pattern.parts.length !== 3 || pattern.parts[0] !== '') return undefined;
  // A trust domain, which holds no `/`, stands before it: the text can be found at no other place.
  const namespace = /^\/ns\/([^/]+)\/$/.exec(pattern.parts[1] ?? '')?.[1];
  return namespace === 'sa' || namespace === 'ns' ? undefined : namespace;
}

class Lists {
  readonly #lists = new Map<string, number[]>();

  add(key: string, position: number): void {
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [position]);
    else if (list.at(-1) !== position) list.push(position);
  }

  at(key: string): readonly number[] {
    return this.#lists.get(key) ?? [];
  }
}

/** All must hold: the shortest list is enough. */
function least(lists: readonly Narrowed[]): Narrowed {
  let best: Narrowed;
  for (const list of lists) if (list !== undefined && (best === undefined || list.length < best.length)) best = list;
  return best;
}

/** One must hold: what is not narrowed in one is not narrowed at all. */
function union(lists: readonly Narrowed[]): Narrowed {
  if (lists.includes(undefined)) return undefined;
  if (lists.length === 1) return lists[0];
  return [...new Set(lists.flatMap((list) => list ?? []))].sort((a, b) => a - b);
}
