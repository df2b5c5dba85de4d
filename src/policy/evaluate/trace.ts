/**
 * The derivation of a decision: what was looked at, in order, and what each part said. Plain data, for people and tools.
 * @module
 */

import type { Decision } from '../decision.ts';
import type { Position } from '../documents/position.ts';
import type { Truth } from '../meaning/absence.ts';
import type { Atom, Effect, PlaneId, PolicyRef } from '../model.ts';

/** What every plane said; empty where there was no policy at all. */
export interface Trace {
  readonly planes: readonly PlaneTrace[];
}

/** What one plane decided, stage by stage. */
export interface PlaneTrace {
  readonly plane: PlaneId;
  readonly mode: 'enforce' | 'observe';
  readonly stages: readonly StageTrace[];
  readonly decision: Decision;
}

/** What one stage said. */
export interface StageTrace {
  readonly kind: string;
  /** For people: `DENY`, `ALLOW`, a tier's name, `mTLS`, `tokens`. */
  readonly name: string;
  /** `first-match` only: whose policies were asked, the destination's (`ingress`) or the source's (`egress`). */
  readonly direction?: 'ingress' | 'egress';
  /** Which endpoint's policies were asked; only where it is not the destination. */
  readonly endpoint?: string;
  /** `token` only: the issuers whose tokens are accepted there; an empty one stands for any. */
  readonly issuers?: readonly string[];
  /** What the stage decided; undefined if it left the request to the next one. Stages after the one that decided are absent. */
  readonly decision: Decision | undefined;
  /** One sentence. */
  readonly said: string;
  readonly policies: readonly PolicyTrace[];
}

/** A policy of a stage, and whether it applies to the workload. */
export interface PolicyTrace {
  readonly policy: PolicyRef;
  readonly position: Position;
  readonly mode: 'enforce' | 'dry-run';
  readonly owner: string;
  readonly applies: 'yes' | 'no' | 'unknown';
  /** Empty where the policy does not apply. */
  readonly rules: readonly RuleTrace[];
}

/** A rule of a policy that applies, and whether it holds for the request. */
export interface RuleTrace {
  readonly index: number;
  readonly position: Position;
  readonly effect: Effect;
  readonly holds: boolean;
  readonly truth: Truth;
  /** The clauses that keep it from holding, of the alternative that comes nearest; empty if it holds. */
  readonly failed: readonly ClauseTrace[];
  /** The clauses that make it hold; empty if it does not. */
  readonly met: readonly ClauseTrace[];
}

/** One condition on one fact, as the request met or missed it. */
export interface ClauseTrace {
  readonly atom: Atom;
  /** The condition stands negated (`not…`). */
  readonly negated: boolean;
  /** The fact's values in the request; empty if it is absent. */
  readonly values: readonly string[];
  /** Conditions on the registry: what it knows of that end, for people: pods with their labels, an account, a port. */
  readonly found?: readonly string[];
}
