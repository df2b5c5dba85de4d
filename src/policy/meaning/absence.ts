/**
 * What it means that a fact is absent (design D6).
 *
 * `upstream` reads absence as the dialect's own system does: a positive condition is false, so its negation is true.
 * `strict` calls a condition on an absent fact unknown: unknown never allows, and denies in a DENY. A header that is not in
 * the request is not unknown: headers arrive all together, so a missing one is known to be missing.
 * @module
 */
import type { Atom, Effect, RuleStage } from '../model.ts';

/** 0 false, 1 true, 2 unknown. */
export type Truth = 0 | 1 | 2;

export const no = 0;
export const yes = 1;
export const unknown = 2;

/** Kleene's negation. */
export function not(truth: Truth): Truth {
  return truth === unknown ? unknown : truth === yes ? no : yes;
}

/** Tells whether an absent fact makes this atom unknown under `strict`. */
export function isUnknownWhenAbsent(atom: Atom): boolean {
  return atom.op !== 'text' || atom.fact.of !== 'header';
}

/** Tells whether an unknown rule counts as holding under `strict`: in every stage or effect that refuses. */
export function unknownHolds(stage: RuleStage['kind'], effect: Effect): boolean {
  if (stage === 'first-match') return effect === 'deny';
  return stage !== 'any-allow';
}
