/**
 * Anchors: the keys under which a rule is filed, so that a request finds it without looking at all rules.
 *
 * A cover of a condition is a set of keys of which a request hits at least one whenever the condition holds. Of a conjunction
 * any part's cover will do; of a disjunction every alternative must be covered.
 * @module
 */
import type { Expr } from '../../model.ts';
import { absenceKey, type Key, keysOfAtom } from './keys.ts';

/** Keys of which a request hits at least one wherever a condition holds. */
export interface Cover {
  readonly keys: readonly Key[];
  /** Of its dearest key: a request seldom hits more than one alternative. */
  readonly cost: number;
}

/**
 * The cheapest cover of a condition; undefined if it has none.
 *
 * @param costOf  what it costs to have a rule under one key, 0 to 1
 * @param withAbsent  an absent fact may make the rule hold (`strict`, in a stage that refuses), so absence is a key too
 */
export function cheapestCover(expr: Expr, costOf: (key: Key) => number, withAbsent: boolean): Cover | undefined {
  switch (expr.op) {
    case 'all': {
      let best: Cover | undefined;
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
        cost = Math.max(cost, cover.cost);
      }
      return { keys, cost };
    }
    case 'not':
      return undefined;
    default: {
      const choices = keysOfAtom(expr);
      if (choices === undefined) return undefined;
      const keys: Key[] = [];
      let cost = 0;
      for (const choice of choices) {
        const key = cheapest(choice, costOf);
        keys.push(key);
        cost = Math.max(cost, costOf(key));
      }
      const absent = withAbsent ? absenceKey(expr) : undefined;
      return absent === undefined ? { keys, cost } : { keys: [...keys, absent], cost: Math.max(cost, costOf(absent)) };
    }
  }
}

function cheapest(choice: readonly Key[], costOf: (key: Key) => number): Key {
  let best = choice[0]!; // every alternative has a key
  for (let i = 1; i < choice.length; i++) if (costOf(choice[i]!) < costOf(best)) best = choice[i]!;
  return best;
}

/** Calls `visit` with every key that some cover of the condition could use, absence apart. */
export function forEachKey(expr: Expr, visit: (key: Key) => void): void {
  if (expr.op === 'all' || expr.op === 'any') {
    for (const part of expr.of) forEachKey(part, visit);
  } else if (expr.op !== 'not') {
    for (const choice of keysOfAtom(expr) ?? []) for (const key of choice) visit(key);
  }
}

/** Calls `visit` with every key whose hit makes the condition false, through a negation. */
export function forEachExclusion(expr: Expr, visit: (key: Key) => void): void {
  if (expr.op === 'all') for (const part of expr.of) forEachExclusion(part, visit);
  else if (expr.op === 'any' && expr.of.length === 1) forEachExclusion(expr.of[0]!, visit);
  else if (expr.op === 'not') forEachProof(expr.of, visit);
}

/** Calls `visit` with every key whose hit makes the condition true. */
function forEachProof(expr: Expr, visit: (key: Key) => void): void {
  if (expr.op === 'any' || (expr.op === 'all' && expr.of.length === 1)) {
    for (const part of expr.of) forEachProof(part, visit);
  } else if (expr.op === 'not') forEachExclusion(expr.of, visit);
  else if (expr.op !== 'all') {
    for (const choice of keysOfAtom(expr) ?? []) for (const key of choice) if (key.isProof) visit(key);
  }
}
