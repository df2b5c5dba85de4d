/**
 * Joins predicates, as flat as they can be; `always` and `never` are gone once a tree stands.
 * @module
 */
import type { Input, Predicate, Test } from './tree.ts';

/** A predicate, or what holds for every request or for none. */
export type Said = Predicate | 'always' | 'never';

/** A test of one value. */
export const testOf = (input: Input, test: Test): Predicate => ({ op: 'test', input, test });

/** Holds if every part holds. */
export const allOf = (parts: readonly Said[]): Said => joined('all', parts, 'always', 'never');

/** Holds if any part holds. */
export const anyOf = (parts: readonly Said[]): Said => joined('any', parts, 'never', 'always');

/** Holds if the part does not. */
export function notOf(said: Said): Said {
  if (said === 'always') return 'never';
  if (said === 'never') return 'always';
  return said.op === 'not' ? said.of : { op: 'not', of: said };
}

/** The value is there, even if it is empty. */
export const isPresent = (input: Input): Predicate => testOf(input, { is: 'regex', source: '\\C*' });

/** Some bytes as a regular expression that means them alone. */
export const literal = (bytes: string): string => bytes.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function joined(op: 'all' | 'any', parts: readonly Said[], empty: Said, absorbing: Said): Said {
  const kept: Predicate[] = [];
  for (const part of parts) {
    if (part === absorbing) return absorbing;
    if (part === empty) continue;
    const predicate = part as Predicate; // neither of the two words
    if (predicate.op === op) kept.push(...predicate.of);
    else kept.push(predicate);
  }
  return kept.length < 2 ? (kept[0] ?? empty) : { op, of: kept };
}
