/**
 * What operators and the calendar order of the authorities, and what comes of it.
 * @module
 */
import type { AuthorityUse } from '../store/state.ts';
import type { Blocker } from './gate.ts';

/** The steps of a rotation, in the order in which they are taken; `undo` reverses the last one. */
export type Verb = 'prepare' | 'activate' | 'taint' | 'revoke' | 'undo';

/** One order; its giver and its reason are recorded in the audit log. */
export interface Order {
  readonly use: AuthorityUse;
  /** Names the authority; empty: the only one that the verb can mean. */
  readonly authorityId: string;
  /** e.g. `uid:0` or a SPIFFE ID. */
  readonly who: string;
  readonly reason: string;
  /** Takes the step although the gate is closed; needs a reason. */
  readonly override: boolean;
}

/** The authority that an order is about. */
export type OrderTarget = Pick<Order, 'use' | 'authorityId'>;

/** The result of an order. A wrong slot is an error (`slot_state`); a closed gate is an answer. */
export type VerbOutcome =
  | { readonly done: true; readonly authorityId: string; readonly sequence: number }
  | {
      readonly done: false;
      readonly code: 'rotation_blocked';
      readonly blockers: readonly Blocker[];
      /** Seconds until time alone has removed them; undefined when only they can. */
      readonly etaSeconds: number | undefined;
    };

/** What a verb would meet now: an open gate has no blockers. */
export interface GateLook {
  readonly authorityId: string;
  readonly blockers: readonly Blocker[];
  /** Seconds until time alone has removed them; undefined when only they can. */
  readonly etaSeconds: number | undefined;
}
