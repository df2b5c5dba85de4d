/**
 * Anchors: keys under which a rule can be filed, so that a request finds it without looking at all rules.
 *
 * A cover of a condition is a set of keys of which a request hits at least one whenever the condition holds. Of a conjunction
 * any part's cover will do; of a disjunction every alternative must be covered.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { type IpRange, parseCidr } from '../../lib/ip-address.ts';
import type { AddressFact, Atom, Expr, TextFact, TextPattern } from '../model.ts';
import { nameOfFact } from './fact-values.ts';
import { lowerAscii } from './text-pattern.ts';

/** How a text key is compared; `after` takes the text between a marker such as `/ns/` and the next slash. */
export type TextKeyKind =
  | 'exact'
  | 'foldedExact'
  | 'prefix'
  | 'foldedPrefix'
  | 'suffix'
  | 'foldedSuffix'
  | 'template'
  | 'afterNs'
  | 'afterSa'
  | 'present'
  | 'absent';

export type Key =
  | {
      readonly of: 'text';
      readonly dimension: string;
      readonly fact: TextFact;
      readonly kind: TextKeyKind;
      readonly value: string;
    }
  | {
      readonly of: 'address';
      readonly dimension: string;
      readonly fact: AddressFact;
      readonly range: IpRange | undefined;
    }
  | {
      readonly of: 'port';
      readonly dimension: string;
      readonly fact: 'destinationPort' | 'sourcePort';
      readonly port: number;
    };

export type Cover = readonly Key[];

/** Port ranges wider than this are not worth a key for each port. */
const MOST_PORTS = 32;

/**
 * The cheapest cover of a condition; undefined if it has none.
 *
 * @param costOf  what it costs to have a rule under one key, 0 to 1
 * @param withAbsent  an absent fact may make the rule hold (`strict`, in a stage that refuses), so absence is a key too
 */
export function cheapestCover(
  expr: Expr,
  costOf: (key: Key) => number,
  withAbsent: boolean,
): { readonly keys: Cover; readonly cost: number } | undefined {
  switch (expr.op) {
    case 'all': {
      let best: ReturnType<typeof cheapestCover>;
      for (const part of expr.of) {
        const cover = cheapestCover(part, costOf, withAbsent);
        if (cover !== undefined && (best === undefined || cover.cost < best.cost)) best = cover;
      }
      return best;
    }
    case 'any': {
      const keys: Key[] = [];
      let cost = 0;
      for (const part of expr.of) {
        const cover = cheapestCover(part, costOf, withAbsent);
        if (cover === undefined) return undefined;
        for (const key of cover.keys) keys.push(key);
        cost = Math.max(cost, cover.cost); // a request seldom hits more than one alternative
      }
      return { keys, cost };
    }
    case 'not':
      return undefined;
    default: {
      const keys = keysOfAtom(expr, withAbsent);
      return keys && { keys, cost: keys.reduce((most, key) => Math.max(most, costOf(key)), 0) };
    }
  }
}

/** Calls `visit` with every key that some cover of the condition could use. */
export function forEachKey(expr: Expr, withAbsent: boolean, visit: (key: Key) => void): void {
  if (expr.op === 'all' || expr.op === 'any') {
    for (const part of expr.of) forEachKey(part, withAbsent, visit);
  } else if (expr.op !== 'not') {
    for (const key of keysOfAtom(expr, withAbsent) ?? []) visit(key);
  }
}

function keysOfAtom(atom: Atom, withAbsent: boolean): Key[] | undefined {
  switch (atom.op) {
    case 'text':
      return keysOfText(atom.fact, atom.any, withAbsent);
    case 'address': {
      if (atom.unmap === true) return undefined; // the index files addresses as they were sent
      const dimension = `address ${atom.fact}`;
      const keys: Key[] = atom.any.map(({ text }) => ({
        of: 'address',
        dimension,
        fact: atom.fact,
        range: rangeOf(text),
      }));
      return withAbsent ? [...keys, { of: 'address', dimension, fact: atom.fact, range: undefined }] : keys;
    }
    case 'port': {
      const { fact } = atom;
      if (atom.any.some(({ from, to }) => to - from >= MOST_PORTS)) return undefined;
      const keys: Key[] = [];
      if (withAbsent) keys.push({ of: 'port', dimension: fact, fact, port: -1 });
      for (const { from, to } of atom.any) {
        for (let port = from; port <= to; port++) keys.push({ of: 'port', dimension: fact, fact, port });
      }
      return keys;
    }
    default:
      return undefined; // protocols are too few, the registry is asked by selectors
  }
}

function rangeOf(text: string): IpRange {
  const range = parseCidr(text);
  if (range === undefined) throw new GatehouseError('policy_invalid', `${JSON.stringify(text)} is not a CIDR range`);
  return range;
}

function keysOfText(fact: TextFact, patterns: readonly TextPattern[], withAbsent: boolean): Key[] {
  const dimension = nameOfFact(fact);
  const keys: Key[] = patterns.map((pattern) => ({ of: 'text', dimension, fact, ...keyOfPattern(pattern) }));
  if (withAbsent && fact.of !== 'header') keys.push({ of: 'text', dimension, fact, kind: 'absent', value: '' });
  return keys;
}

function keyOfPattern(pattern: TextPattern): { readonly kind: TextKeyKind; readonly value: string } {
  switch (pattern.is) {
    case 'exact':
      return pattern.ignoreCase
        ? { kind: 'foldedExact', value: lowerAscii(pattern.value) }
        : { kind: 'exact', value: pattern.value };
    case 'prefix':
      return pattern.ignoreCase
        ? { kind: 'foldedPrefix', value: lowerAscii(pattern.value) }
        : { kind: 'prefix', value: pattern.value };
    case 'suffix':
      return pattern.ignoreCase
        ? { kind: 'foldedSuffix', value: lowerAscii(pattern.value) }
        : { kind: 'suffix', value: pattern.value };
    case 'under':
      return { kind: 'prefix', value: pattern.value };
    case 'template':
      return { kind: 'template', value: pattern.text };
    case 'serviceAccount':
      return { kind: 'afterSa', value: pattern.serviceAccount };
    case 'glob':
      return keyOfGlob(pattern.parts);
    default:
      return { kind: 'present', value: '' };
  }
}

/** A whole `/ns/NAME/` inside is best, then what is anchored at either end. */
function keyOfGlob(parts: readonly string[]): { readonly kind: TextKeyKind; readonly value: string } {
  for (const part of parts) {
    const namespace = /\/ns\/([^/]*)\//.exec(part)?.[1];
    if (namespace !== undefined) return { kind: 'afterNs', value: namespace };
  }
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length < 2) return { kind: 'exact', value: first };
  if (first.length >= last.length && first !== '') return { kind: 'prefix', value: first };
  return last === '' ? { kind: 'present', value: '' } : { kind: 'suffix', value: last };
}
