/**
 * What a workload's policy for Envoy depends on besides the model, and what is said about it.
 * @module
 */
import type { Decision } from '../decision.ts';
import type { Facts } from '../facts.ts';
import type { PolicyRef } from '../model.ts';
import type { TokenKeySets } from './tokens/token-filters.ts';

/** What a workload's policy depends on besides the model. */
export interface NativeSettings {
  /** Ours, then its aliases: callers of other trust domains ask. */
  readonly trustDomains: readonly string[];
  readonly verifyPeer: 'off' | 'observe' | 'enforce';
  readonly peerTrustDomains: 'any' | 'own';
  readonly ambiguousRequests: 'asUpstream' | 'deny';
  /** Allow everything while there is no policy at all. */
  readonly allowEmpty: boolean;
  /** Keys for jwt_authn; absent: none are known, and who may bring a token asks. */
  readonly keySets?: TokenKeySets;
  /** Decides by the same model: what the self-check holds the tree against. */
  readonly decide: (facts: Facts) => Decision;
}

/** Why requests are asked about. */
export interface AskReason {
  /** One sentence, for people. */
  readonly reason: string;
  /** The rule that Envoy cannot judge; undefined: a guard, or the whole workload. */
  readonly policy: PolicyRef | undefined;
  readonly rule: number | undefined;
  /** What of the rule it is, e.g. `remote address`, `claim sub`; undefined: a guard, or the whole workload. */
  readonly field: string | undefined;
}
