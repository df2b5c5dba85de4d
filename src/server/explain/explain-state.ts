/**
 * What can be asked of an explainer, and what its answers hang on. Loads nothing of the explainer itself, which is another thread's.
 * @module
 */
import type { Neighbourhood } from '../../analysis/pair.ts';
import type { CheckOptions } from '../../authz/check.ts';
import type { Caller } from '../../authz/destination/destination.ts';
import type { KeySetDocuments } from '../../authz/jwks/documents.ts';
import type { RedactedTokens } from '../../authz/record/redacted-decision.ts';
import type { Revocations } from '../../authz/state.ts';
import type { DialectOptions } from '../../policy/dialects/contribution.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';

/** All that a decision hangs on. Plain data. */
export interface ExplainState {
  readonly check: CheckOptions;
  readonly allowEmpty: boolean;
  readonly dialect: DialectOptions;
  /** Where names of workloads are looked up. */
  readonly trustDomain: string;
  readonly owners: readonly (readonly [path: string, owner: string])[];
  readonly model: PolicyModel;
  readonly keySets: KeySetDocuments;
  readonly revocations: Revocations;
  readonly bundles: BundleSet | undefined;
}

/** One question: a request, the instant and the caller it is judged by. */
export interface ExplainQuestion {
  /** A CheckRequest. */
  readonly request: Uint8Array;
  readonly nowMs: number;
  readonly caller: Caller;
  /** What became of the request's tokens, where that is known already. */
  readonly tokens?: RedactedTokens;
  /** The name of the peer is believed without its certificate. */
  readonly believesPeer?: true;
}

/** Where the names of workloads mean something. */
export function neighbourhood({ trustDomain, model, check }: ExplainState): Neighbourhood {
  return { trustDomain, registry: model.registry, workloads: check.workloads };
}
