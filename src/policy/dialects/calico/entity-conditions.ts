/**
 * What the two ends of a Calico rule ask.
 * @module
 */
import type { Expr } from '../../model.ts';

export type End = 'source' | 'destination';

/** Both views of one end of a rule. */
export interface EntityConditions {
  readonly check: Expr;
  readonly network: Expr;
}
