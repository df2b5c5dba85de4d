/**
 * Which workloads policies let meet, as the console's server works it out.
 * @module
 */

/** Two workloads, `NAMESPACE/SERVICEACCOUNT` each. */
export type Pair = readonly [from: string, to: string];

/** Two workloads that one plane lets meet and another keeps apart. */
export interface Conflict {
  readonly from: string;
  readonly to: string;
  readonly allowedBy: readonly string[];
  readonly deniedBy: readonly string[];
  /** Who answers for the rules that allow, and for the policies of the planes that deny; empty where nobody is named. */
  readonly allowedByOwners: readonly string[];
  readonly deniedByOwners: readonly string[];
}

export interface PairsAnswer {
  readonly pairs: readonly Pair[];
  readonly conflicts: readonly Conflict[];
  /** Why it is not all there is to say; empty: it is. */
  readonly note: string;
}
