/**
 * One generation of policy, compiled and immutable.
 * @module
 */
import type { Decision } from './decision.ts';
import type { Facts } from './facts.ts';

/** A compiled model; immutable, replaced whole. */
export interface Snapshot {
  readonly generation: number;
  decide(facts: Facts): Decision;
}
