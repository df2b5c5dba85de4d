/**
 * How the values of a text fact are read: one at most, or a list.
 * @module
 */
import { assertNever } from '../../lib/assert-never.ts';
import type { Facts, IpAddress } from '../facts.ts';
import type { AddressFact, Atom, TextFact } from '../model.ts';
import { normalisePath } from './normal-path.ts';

export type OneValue = (facts: Facts) => string | undefined;
export type ManyValues = (facts: Facts) => readonly string[];

/** A reader of one fact; exactly one of the two is set. */
export type FactReader =
  | { readonly one: OneValue; readonly many?: never }
  | { readonly many: ManyValues; readonly one?: never };

/** The reader of a fact. */
export function readerOf(fact: TextFact): FactReader {
  switch (fact.of) {
    case 'peerName':
      return { many: (facts) => facts.peerNames };
    case 'method':
      return { one: (facts) => facts.method || undefined };
    case 'path':
      return { one: (facts) => facts.path };
    case 'normalPath':
      return { one: normalPathOf };
    case 'host':
      return { one: (facts) => facts.host };
    case 'sni':
      return { one: (facts) => facts.sni };
    case 'header': {
      const { name } = fact;
      return { many: (facts) => facts.header(name) };
    }
    case 'claim': {
      const { path } = fact;
      return { many: (facts) => facts.claim(path) };
    }
    case 'metadata': {
      const { filter, path, list } = fact;
      return { many: (facts) => facts.metadata(filter, path, list) };
    }
    default:
      return assertNever(fact);
  }
}

/** The values of a fact as a list; for paths that need not be fast. */
export function valuesOf(fact: TextFact, facts: Facts): readonly string[] {
  const reader = readerOf(fact);
  if (reader.many !== undefined) return reader.many(facts);
  const value = reader.one(facts);
  return value === undefined ? [] : [value];
}

/** Names a fact: equal names, equal fact. */
export function nameOfFact(fact: TextFact): string {
  switch (fact.of) {
    case 'header':
      return `header ${fact.name}`;
    case 'claim':
      return `claim ${JSON.stringify(fact.path)}`;
    case 'metadata':
      return `metadata ${JSON.stringify([fact.filter, fact.path, fact.list])}`;
    default:
      return fact.of;
  }
}

function normalPathOf(facts: Facts): string | undefined {
  if (facts.path === undefined) return undefined;
  const normal = normalisePath(facts.path);
  return normal.is === 'path' ? normal.path : undefined;
}

/** Reads one of the three addresses. */
export function addressReader(fact: AddressFact): (facts: Facts) => IpAddress | undefined {
  switch (fact) {
    case 'source':
      return (facts) => facts.sourceAddress;
    case 'remote':
      return (facts) => facts.remoteAddress;
    case 'destination':
      return (facts) => facts.destinationAddress;
    default:
      return assertNever(fact);
  }
}

/** Tells whether the fact that an atom asks about is absent. */
export function isAbsent(atom: Atom, facts: Facts): boolean {
  switch (atom.op) {
    case 'text': {
      const { one, many } = readerOf(atom.fact);
      return one !== undefined ? one(facts) === undefined : many(facts).length === 0;
    }
    case 'address':
      return addressReader(atom.fact)(facts) === undefined;
    case 'port':
      return facts[atom.fact] < 0;
    case 'protocol':
    case 'endpoint':
    case 'identity':
    case 'namedPort':
      return false;
    default:
      return assertNever(atom);
  }
}
