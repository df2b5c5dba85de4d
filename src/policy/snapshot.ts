/**
 * One generation of policy, compiled and immutable.
 * @module
 */
import type { Decision } from './decision.ts';
import type { Facts } from './facts.ts';
import type { NeededFact } from './rules/needed-fact.ts';

/** A compiled model; immutable, replaced whole. */
export interface Snapshot {
  readonly generation: number;
  decide(facts: Facts): Decision;
  /** Some rule names a namespace or a service account without its trust domain. */
  readonly namesAnyDomain?: boolean;
  /** The shape of the path of a request (`compile/path-shapes.ts`). */
  readonly shapeOf?: (facts: Facts) => string;
  /** What the policies in force for a workload read of a request; the same list for the same workload. */
  readonly neededFacts?: (facts: Facts) => readonly NeededFact[];
}
