/**
 * What the authority gives and delivery takes: bundles, SVIDs, and what consumers acknowledge.
 * @module
 */
import type { KeyObject } from 'node:crypto';
import type { Watchable } from '../../lib/watchable.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { JwtSvid, X509Svid } from '../../spiffe/svid.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { KeyType } from '../pki/key-type.ts';

/**
 * The way in which an SVID or a bundle reaches its consumer; `self` is Gatehouse's own, `look` has no key, `pod-certificate` is what
 * a kubelet mounts into a pod: certificate and roots come apart, and nobody says that they arrived.
 */
export type Channel =
  | 'workload-api'
  | 'sds'
  | 'istio-ca'
  | 'pod-certificate'
  | 'bundle-endpoint'
  | 'oidc'
  | 'self'
  | 'admin'
  | 'feed'
  | 'look';

/** What one caller may be, on which terms; made by registration. */
export interface Entitlement {
  readonly spiffeId: SpiffeId;
  readonly x509SvidTtlMs: number;
  readonly jwtSvidTtlMs: number;
  readonly dnsNames: readonly string[];
  readonly hint: string;
  readonly federatesWith: readonly TrustDomain[];
}

interface SvidRequest {
  readonly entitlement: Entitlement;
  /** `type:value` of what was attested; kept in the ledger. */
  readonly selectors: readonly string[];
  readonly channel: Channel;
  /** The holder-to-be, as in `Acknowledgement.consumer`: so a gate can tell which holders lack a new root. */
  readonly consumer?: string;
}

/** Asks for an X.509-SVID. */
export interface X509Request extends SvidRequest {
  /** Given: that key is certified. Absent: a key of `keyType` is made and returned. */
  readonly publicKey?: KeyObject;
  /** The same as SubjectPublicKeyInfo, DER: what `readCsr` answers, and much cheaper than a KeyObject. */
  readonly spki?: Uint8Array;
  readonly keyType?: KeyType;
  /** How long before now it begins, in milliseconds; absent: as the authority's settings say. */
  readonly backdateMs?: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** Asks for a JWT-SVID. */
export interface JwtRequest extends SvidRequest {
  /** At least one (JWT-SVID §3.2). */
  readonly audiences: readonly string[];
}

/**
 * How sure we are that a consumer holds a bundle; `refused` is a NACK.
 *
 * `acknowledged` is an ACK of it. Envoy gives one for whatever parses while the other secret of its TLS context is still missing,
 * and whether the context is used does not matter: it proves that the bundle arrived and can be read. `renewed`: it has also taken
 * a certificate that was made after that, so that both stand in one context.
 */
export type AckGrade = 'sent' | 'acknowledged' | 'renewed' | 'refused';

/** One consumer's word about the bundle that it holds. */
export interface Acknowledgement {
  /** Stable as long as the consumer lives: one stream of one caller. */
  readonly consumer: string;
  readonly channel: Channel;
  readonly spiffeIds: readonly SpiffeId[];
  /** Of the bundle; 0: it is here and holds certificates, but was given no bundle. */
  readonly sequence: number;
  readonly grade: AckGrade;
  /** What it was given before was taken from it meanwhile: time counts from this word on. */
  readonly anew?: boolean;
  /** Which part of the bundle the consumer takes; absent: what is usual on that channel. */
  readonly kinds?: readonly ('x509' | 'jwt')[];
}

/** Gives bundles and SVIDs of one trust domain, and takes in what consumers acknowledge. */
export interface IdentitySource {
  readonly trustDomain: TrustDomain;
  readonly bundles: Watchable<BundleSet>;
  /** DER, one CRL an authority that has one; absent: none are published. */
  readonly crls?: Watchable<readonly Uint8Array[]>;
  /**
   * Signs an X.509-SVID; resolves when its ledger row is durable.
   * @throws GatehouseError `authority_not_ready`, `store_unavailable`, `key_invalid`, `not_entitled` (another trust domain's ID)
   */
  issueX509(request: X509Request): Promise<X509Svid>;
  /** Signs a JWT-SVID, likewise. @throws GatehouseError `authority_not_ready`, `store_unavailable`, `message_invalid` (no audience) */
  issueJwt(request: JwtRequest): Promise<JwtSvid>;
  acknowledge(word: Acknowledgement): void;
  /** The consumer's stream has ended. */
  forget(consumer: string): void;
  /**
   * When an SVID should be renewed, in milliseconds since 1970: half of its life, spread by ± 10 %;
   * earlier when its authority is tainted.
   */
  renewAt(svid: X509Svid): number;
  /** Changes whenever `renewAt` may answer differently for SVIDs that are out (activation, taint). */
  readonly renewals: Watchable<number>;
}
