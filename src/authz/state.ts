/**
 * Everything that a Check reads, as one value: a Check takes the reference once, so nothing is torn (design D11).
 * @module
 */
import type { KeyObject } from 'node:crypto';
import type { Snapshot } from '../policy/snapshot.ts';
import type { BundleSet } from '../spiffe/bundle.ts';

/** Everything that a decision depends on besides the request; one immutable value. */
export interface DecisionState {
  readonly snapshot: Snapshot;
  readonly keySets: KeySets;
  readonly revocations: Revocations;
  readonly bundles: BundleSet | undefined;
  /** What is asked beside `snapshot` and decides nothing; absent: nothing is. */
  readonly candidate?: BesidePolicies | undefined;
}

/** A set that is asked beside what is in force: one that is ready for the policies in force, or not yet. */
export type BesidePolicies = { readonly number: number; readonly snapshot: Snapshot } | 'not ready';

/** The verification keys of every `KeySource`, by its id. */
export interface KeySets {
  /** Rises with every replacement; part of the verified-token cache's key. */
  readonly generation: number;
  readonly sets: ReadonlyMap<string, KeySet>;
}

/** The keys of one source. */
export interface KeySet {
  readonly keys: readonly VerificationKey[];
  /** Set when there is no usable key: the text that Envoy's jwt_authn gives. */
  readonly failure: 'Jwks remote fetch is failed' | "Jwks doesn't have any valid public key" | undefined;
}

/** A public key with the fields of its JWK that limit its use (RFC 7517 §4). */
export interface VerificationKey {
  readonly kid: string | undefined;
  /** The key's own `alg`, which a token's must then equal. */
  readonly alg: string | undefined;
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'oct';
  readonly crv: string | undefined;
  readonly key: KeyObject;
}

/** What must be refused although it has not expired. */
export interface Revocations {
  readonly sequence: number;
  readonly spiffeIds: ReadonlySet<string>;
  /** Lower-case hex serials. */
  readonly serials: ReadonlySet<string>;
  /** Lower-case hex SHA-256 of the subject public key info. */
  readonly spkis: ReadonlySet<string>;
}

/** The revocations of a server that knows of none. */
export const nothingRevoked: Revocations = {
  sequence: 0,
  spiffeIds: new Set(),
  serials: new Set(),
  spkis: new Set(),
};

/** All but the policies, where nothing is known. */
export const nothingKnown: Omit<DecisionState, 'snapshot'> = {
  keySets: { generation: 0, sets: new Map() },
  revocations: nothingRevoked,
  bundles: undefined,
};
