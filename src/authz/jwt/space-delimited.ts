/**
 * Splits claims like `scope` into lists, as policies see them.
 * @module
 */
import type { Claims } from './claims.ts';

/** A copy of `payload` in which each of the named top-level strings is the list of its words. A string without words stays. */
export function splitClaims(payload: Claims, names: Iterable<string>): Claims {
  let split: Map<string, Claims extends ReadonlyMap<string, infer V> ? V : never> | undefined;
  for (const name of names) {
    const value = payload.get(name);
    const words = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : [];
    if (words.length === 0) continue;
    split ??= new Map(payload);
    split.set(name, words);
  }
  return split ?? payload;
}
