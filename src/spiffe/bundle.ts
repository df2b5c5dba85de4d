/**
 * Trust bundles: what verifies the SVIDs of one trust domain.
 * @module
 */
import type { JsonWebKey } from 'node:crypto';
import type { TrustDomain } from './trust-domain.ts';

/** A public key that verifies JWT-SVIDs. */
export interface JwtAuthority {
  readonly keyId: string;
  /** Public members only. */
  readonly jwk: JsonWebKey;
}

/** The bundle of one trust domain; immutable. */
export interface Bundle {
  readonly trustDomain: TrustDomain;
  /** Strictly rises with every change of content (SPIFFE Trust Domain and Bundle §4.1.1); 0: it names none. A bigint beyond 2^53. */
  readonly sequence: number | bigint;
  readonly refreshHintSeconds: number;
  /** DER, one certificate each, in the order in which they leave: the newest first, none that has expired. */
  readonly x509Authorities: readonly Uint8Array[];
  readonly jwtAuthorities: readonly JwtAuthority[];
}

/** The bundle of our own trust domain, which we number ourselves. */
export interface OwnBundle extends Bundle {
  readonly sequence: number;
}

/** Our own bundle, and those of the trust domains that we federate with, which are never merged (§3). */
export interface BundleSet {
  readonly own: OwnBundle;
  /**
   * What stands between SVIDs of ours and the authorities of `own`, DER: who is shown a leaf alone, as Envoy shows it, finds the
   * rest of the chain here. Trusts nothing by itself; empty unless our authorities are under another.
   */
  readonly intermediates: readonly Uint8Array[];
  readonly federated: ReadonlyMap<TrustDomain, Bundle>;
}
