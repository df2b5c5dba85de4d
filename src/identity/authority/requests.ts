/**
 * What may be asked of the authority; delivery's `IdentitySource` asks in these shapes.
 * @module
 */
import type { KeyObject } from 'node:crypto';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { KeyType } from '../pki/key-type.ts';

/** The way in which an SVID or a bundle reaches its consumer; `self` is Gatehouse's own, `look` has no key. */
export type Channel =
  | 'workload-api'
  | 'sds'
  | 'istio-ca'
  | 'bundle-endpoint'
  | 'oidc'
  | 'self'
  | 'admin'
  | 'feed'
  | 'look';

/** What one caller may be, on which terms. */
export interface Entitlement {
  readonly spiffeId: SpiffeId;
  readonly x509SvidTtlMs: number;
  readonly jwtSvidTtlMs: number;
  readonly dnsNames: readonly string[];
  readonly hint: string;
  readonly federatesWith: readonly TrustDomain[];
}

interface Request {
  readonly entitlement: Entitlement;
  /** `type:value` of what was attested; kept in the ledger. */
  readonly selectors: readonly string[];
  readonly channel: Channel;
  /** Who will hold it, as in `Acknowledgement.consumer`. */
  readonly consumer?: string;
}

export interface X509Request extends Request {
  /** Given: that key is certified. Absent: a key of `keyType` is made and returned. */
  readonly publicKey?: KeyObject;
  /** The same as SubjectPublicKeyInfo, DER: what `readCsr` answers, and much cheaper than a KeyObject. */
  readonly spki?: Uint8Array;
  readonly keyType?: KeyType;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

export interface JwtRequest extends Request {
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
  /** Stable as long as the consumer lives. */
  readonly consumer: string;
  readonly channel: Channel;
  readonly spiffeIds: readonly SpiffeId[];
  /** Of the bundle; 0: it is here and holds certificates, but was given no bundle. */
  readonly sequence: number;
  readonly grade: AckGrade;
  /** Which part of the bundle it takes; absent: what is usual on that channel. */
  readonly kinds?: readonly ('x509' | 'jwt')[];
}
