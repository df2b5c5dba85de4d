/**
 * SVIDs as they leave the authority.
 * @module
 */
import type { SpiffeId } from './spiffe-id.ts';

/** An X.509-SVID with the key that it binds, if we made the key. */
export interface X509Svid {
  readonly spiffeId: SpiffeId;
  /** DER, leaf first, then intermediates; never a root. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER, not encrypted; undefined where the caller brought its own public key. */
  readonly privateKey: Uint8Array | undefined;
  /** Lower-case hex, no leading zeros byte. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notBeforeAt: number;
  readonly notAfterAt: number;
  /** The authority that signed it. */
  readonly authorityId: string;
}

/** A JWT-SVID in compact form. */
export interface JwtSvid {
  readonly spiffeId: SpiffeId;
  readonly token: string;
  readonly expiresAt: number;
}
