/**
 * What becomes of a request. Denied is final for the pod, also while an older certificate of it still holds: so only what can never be
 * right is denied, and whatever may pass is waited for.
 * @module
 */

/** Why a request is denied; the API server wants a word. */
export type DenialReason = 'InvalidRequest' | 'UnsupportedKeyType' | 'UnknownAnnotation' | 'PodGone' | 'PodMismatch';

/** Why a request waits. */
export type WaitReason =
  | 'unreadable'
  | 'account'
  | 'not_entitled'
  | 'revoked'
  | 'no_authority'
  | 'authority_ends'
  | 'unpublished'
  | 'not_sound'
  | 'unreachable'
  | 'store';

/** It can never be right. */
export interface Denial {
  readonly does: 'deny';
  readonly reason: DenialReason;
  /** For who reads the events of the pod: what was wrong, and what to do. */
  readonly message: string;
}

/** It may become right. */
export interface Wait {
  readonly does: 'wait';
  readonly reason: WaitReason;
  readonly message: string;
}

/** Says no for good. */
export const deny = (reason: DenialReason, message: string): Denial => ({ does: 'deny', reason, message });

/** Says not yet. */
export const wait = (reason: WaitReason, message: string): Wait => ({ does: 'wait', reason, message });
