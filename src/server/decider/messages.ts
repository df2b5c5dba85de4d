/**
 * What the primary and its deciders tell each other: plain data, by structured clone.
 * @module
 */

import type { RedactedCandidateCounts } from '../../authz/candidate/redacted-difference.ts';
import type { CheckOptions } from '../../authz/check.ts';
import type { KeySetDocuments } from '../../authz/jwks/documents.ts';
import type { UnknownKid } from '../../authz/jwt/token-outcome.ts';
import type { CheckCounts } from '../../authz/record/counters.ts';
import type { EdgeCounts } from '../../authz/record/edges.ts';
import type { ParityCounts } from '../../authz/record/parity.ts';
import type { RedactedDecision, RedactedParity } from '../../authz/record/redacted-decision.ts';
import type { RuleHit } from '../../authz/record/rule-hits.ts';
import type { Revocations } from '../../authz/state.ts';
import type { CandidateModel } from '../../policy/candidate/candidate-model.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { ServingState } from '../../transport/health-service.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import type { ListenAddress } from '../../transport/listen/listen-address.ts';
import type { HandshakeFailure, TlsIdentity } from '../../transport/listen/tls-front.ts';

import type { PackedModel } from './model-parts.ts';

/** Whom a decider serves: Envoys that ask by gRPC, or proxies that ask by HTTP. Each has processes of its own. */
export type Door = 'check' | 'http';

/** What a decider is told once a start, and again when `workloads` change. */
export interface DeciderSettings {
  readonly transport: 'lane' | 'grpc-js';
  readonly check: CheckOptions;
  /** Allow everything while there is no policy at all. */
  readonly allowEmpty: boolean;
  /** Ours: callers over TLS must be of it. */
  readonly trustDomain: TrustDomain;
}

/** A candidate set, of which a decider is sent what it has not got. */
export type PackedCandidate = Omit<CandidateModel, 'planes'> & Pick<PackedModel, 'planes' | 'added'>;

/** Every kind but `connection` and `drain` is repeated to a decider that was started again. */
export type ToDecider =
  | { readonly kind: 'settings'; readonly settings: DeciderSettings }
  | { readonly kind: 'policies'; readonly model: PackedModel }
  /** What to ask beside the policies in force; absent: nothing. Comes behind the policies that it is to be held against. */
  | { readonly kind: 'candidate'; readonly candidate: PackedCandidate | undefined }
  | { readonly kind: 'key-sets'; readonly documents: KeySetDocuments }
  | { readonly kind: 'bundles'; readonly bundles: BundleSet }
  | { readonly kind: 'revocations'; readonly revocations: Revocations }
  /** What to show on listeners with TLS; absent: nothing that is valid, so nobody is let in there. */
  | { readonly kind: 'tls-identity'; readonly identity: TlsIdentity | undefined }
  /** What grpc.health.v1 answers, by service. */
  | { readonly kind: 'serving'; readonly services: ServingState }
  /** Comes with a socket that was accepted on `listener`; answered by `taken`. */
  | { readonly kind: 'connection'; readonly id: number; readonly listener: ListenAddress; readonly door: Door }
  /** Asks for a `report`; one that does not answer for long is taken to hang. */
  | { readonly kind: 'report' }
  | { readonly kind: 'drain'; readonly graceMs: number };

/** What a decider tells the primary. */
export type FromDecider =
  /** Its modules are loaded: it can be talked to. */
  | { readonly kind: 'loaded' }
  /** Policies of this generation decide from now on, and have passed the self-test. */
  | { readonly kind: 'in-force'; readonly generation: number }
  /** Policies of this generation could not be put in force; the ones before stay. */
  | { readonly kind: 'refused'; readonly generation: number; readonly why: string }
  /** The candidate of that number is asked from now on; or is not, and why. */
  | { readonly kind: 'candidate'; readonly number: number; readonly why: string }
  /** It refuses by these revocations from now on. */
  | { readonly kind: 'revoked'; readonly sequence: number }
  /** It serves that connection from now on. */
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'decisions'; readonly entries: readonly RedactedDecision[]; readonly dropped: number }
  | {
      readonly kind: 'report';
      readonly counts: CheckCounts;
      readonly edges: EdgeCounts;
      readonly hits: readonly RuleHit[];
      readonly parity: ParityCounts;
      readonly candidate: RedactedCandidateCounts;
      /** With the lane only. */
      readonly lane: LaneTally | undefined;
      /** Where HTTP callers have come. */
      readonly http: LaneTally | undefined;
      readonly memoryBytes: number;
    }
  /** The first agreement or disagreement of its kind with Envoy's own RBAC. */
  | { readonly kind: 'parity'; readonly report: RedactedParity }
  | { readonly kind: 'unknown-kid'; readonly unknown: UnknownKid }
  | { readonly kind: 'trouble'; readonly message: string }
  /** A connection was not let in. */
  | { readonly kind: 'handshake-failed'; readonly failure: HandshakeFailure }
  /** Few file descriptors are left to it, or enough again: `why` is empty. */
  | { readonly kind: 'descriptors'; readonly why: string }
  | { readonly kind: 'drained' };
