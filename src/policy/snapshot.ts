/**
 * One generation of policy, compiled and immutable.
 * @module
 */
import type { Decision } from './decision.ts';
import type { Facts } from './facts.ts';

export interface Snapshot {
  readonly generation: number;
  /** Where its token rules look for tokens: what must not be shown to people. */
  readonly tokenCarriers: TokenCarriers;
  decide(facts: Facts): Decision;
}

/** Names under which tokens travel; headers are lower-case. */
export interface TokenCarriers {
  readonly headers: ReadonlySet<string>;
  readonly params: ReadonlySet<string>;
  readonly cookies: ReadonlySet<string>;
}
