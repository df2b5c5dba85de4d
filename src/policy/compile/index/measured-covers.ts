/**
 * The keys under which some rules are indexed, chosen by how well each tells these rules apart.
 * @module
 */
import type { Work } from '../../../lib/work.ts';
import type { Expr } from '../../model.ts';
import { type Cover, cheapestCover } from './anchor.ts';
import { selectivityWork } from './selectivity.ts';

interface IndexedRule {
  readonly condition: Expr;
  readonly unknownHolds: boolean;
}

/** The cheapest cover of a rule's condition; undefined if it has none. */
export type CoverOf = (rule: IndexedRule) => Cover | undefined;

/** Measures some rules. */
export function* measureCovers(rules: readonly IndexedRule[]): Work<CoverOf> {
  const costOf = yield* selectivityWork(rules);
  return ({ condition, unknownHolds }) => cheapestCover(condition, costOf, unknownHolds);
}
