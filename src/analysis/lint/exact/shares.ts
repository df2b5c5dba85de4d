/**
 * Shares out what may be spent on regions, so that a tangled question leaves the others theirs.
 * @module
 */
import type { Absence, Plane } from '../../../policy/model.ts';
import { createFreeRules, type FreeRules } from './free/free-rules.ts';
import type { Selections } from './free/selections.ts';

/** So many nodes a question may have though the others have used all. */
const LEAST_NODES = 500;
/** A question takes up to so many times its share, since most need far less. */
const GENEROSITY = 16;
/** What was worked out is kept up to so many nodes, some hundred megabytes; then it begins anew. */
const MOST_KEPT = 400_000;

/** Questions about regions. */
export interface Shares {
  /** Asks one of them with a share of what is left, of so many nodes at most. @throws BoundMet where it is not enough */
  within<T>(ask: (rules: FreeRules) => T, most?: number): T;
}

/** Starts with all to spend. @param nodes  of regions, for all of the questions together */
export function createShares(
  { planes, absence, selections }: { planes: readonly Plane[]; absence: Absence; selections: Selections },
  { nodes, questions }: { readonly nodes: number; readonly questions: number },
): Shares {
  const anew = (): FreeRules => createFreeRules(planes, absence, selections);
  let rules = anew();
  let left = { nodes, questions };
  return {
    within(ask, most = Infinity) {
      if (rules.diagrams.size > MOST_KEPT) rules = anew();
      const { diagrams } = rules;
      const before = diagrams.size;
      const share = Math.min(left.nodes, (GENEROSITY * left.nodes) / Math.max(1, left.questions));
      diagrams.limitTo(before + Math.min(most, Math.max(LEAST_NODES, Math.ceil(share))));
      try {
        return ask(rules);
      } finally {
        left = { nodes: Math.max(0, left.nodes - (diagrams.size - before)), questions: left.questions - 1 };
      }
    },
  };
}
