/**
 * What a decision is, and why.
 * @module
 */
import type { PlaneId, PolicyRef } from './model.ts';

/** Why a Check was answered as it was; a closed list that outsiders rely on. */
export type Reason =
  | 'rule_allowed'
  | 'no_policy_applies'
  | 'rule_denied'
  | 'no_rule_allowed'
  | 'mtls_required'
  | 'token_invalid'
  | 'audience_denied'
  | 'revoked'
  | 'destination_unknown'
  | 'namespace_unknown'
  | 'labels_unknown'
  | 'no_policies'
  | 'ambiguous_request'
  | 'foreign_trust_domain'
  | 'peer_not_verified'
  | 'custom_unavailable'
  | 'place_mismatch'
  | 'caller_not_authorised'
  | 'malformed_request'
  | 'fact_unknown'
  | 'not_ready'
  | 'internal_error';

/** What was decided, by which policy, and why. Equal outcomes of a snapshot are one object. */
export interface Decision {
  readonly effect: 'allow' | 'deny';
  readonly reason: Reason;
  readonly plane: PlaneId | undefined;
  /** The stage or tier that decided, e.g. `DENY`, `ALLOW`, `default`; undefined where none did. */
  readonly stage: string | undefined;
  /** The owner of the policy that decided; undefined if none is named. */
  readonly owner: string | undefined;
  /** The policy that decided, and the index of its rule; undefined where none did. */
  readonly policy: PolicyRef | undefined;
  readonly rule: number | undefined;
  /** The verdict that there would be if every dry-run policy were enforced; undefined if there is none in scope. */
  readonly dryRun: DryRun | undefined;
  /** The first rule of an audit policy that held; it decides nothing. */
  readonly audit: Audited | undefined;
  /** What the planes say that are observed only. */
  readonly observed?: readonly Decision[];
  /** What whoever asks would have to say of a request, and does not; for people. */
  readonly lacks?: string;
}

/** A rule that an audit policy reports. */
export interface Audited {
  readonly policy: PolicyRef;
  readonly rule: number;
}

/** What would be decided with every dry-run policy enforced. */
export interface DryRun {
  readonly effect: 'allow' | 'deny';
  readonly policy: PolicyRef | undefined;
}

/** Makes a decision; called once for each outcome that a program can have, not once a request. */
export function decision(
  plane: PlaneId | undefined,
  effect: Decision['effect'],
  reason: Reason,
  policy?: PolicyRef,
  rule?: number,
  { stage, owner }: { readonly stage?: string; readonly owner?: string | undefined } = {},
): Decision {
  return { effect, reason, plane, stage, owner, policy, rule, dryRun: undefined, audit: undefined };
}
