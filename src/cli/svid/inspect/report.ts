/**
 * What was found in an SVID.
 * @module
 */
import type { Deviation } from '../../../spiffe/deviation.ts';

/** Whether it can be used now, as far as its times say. */
export interface Validity {
  /** RFC 3339; null where it does not say. */
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly state: 'valid' | 'not_yet_valid' | 'expired' | 'unknown';
  /** Until it ends, or since when it has ended (below zero); null where it does not end. */
  readonly secondsLeft: number | null;
}

/** One certificate of a chain. */
export interface CertificateReport extends Validity {
  readonly kind: 'leaf' | 'signing';
  readonly subject: string;
  readonly issuer: string;
  readonly spiffeId: string | null;
  readonly serial: string;
  readonly keyType: string;
  /** Of the certificate, lower-case hex. */
  readonly sha256: string;
}

/** A private key, and whether it is the one of the leaf. */
export interface KeyReport {
  readonly file: string;
  readonly state: 'fits' | 'differs' | 'alone' | 'encrypted' | 'invalid' | 'unreadable';
  readonly keyType: string | null;
  readonly problem: string | null;
}

/** Whether a bundle verifies it. */
export interface Verification {
  readonly file: string;
  readonly verified: boolean;
  /** Why not; null if it does. */
  readonly reason: string | null;
  /** When the first certificate of the path ends; null for tokens, and where there is no path. */
  readonly until: string | null;
}

/** A departure from a standard, and where it is. */
export interface PlacedDeviation extends Deviation {
  /** e.g. `certificate 2`, `token`, `bundle certificate 1`. */
  readonly at: string;
}

/** All that is told. */
export interface SvidReport {
  readonly file: string;
  /** In its time, fitting its key, breaking no `must`, and verified where there is a bundle. */
  readonly inOrder: boolean;
  readonly kind: 'x509' | 'jwt' | 'key';
  readonly spiffeId: string | null;
  /** Of the leaf or the token; null of a key. */
  readonly validity: Validity | null;
  /** Leaf first. */
  readonly certificates: readonly CertificateReport[];
  readonly key: KeyReport | null;
  readonly token: { readonly header: object; readonly claims: object } | null;
  /** Null where no bundle was given and none lies beside. */
  readonly verification: Verification | null;
  readonly deviations: readonly PlacedDeviation[];
}

/** Whether `from` and `until`, milliseconds since 1970, hold at `now`. */
export function validityOf(from: number | undefined, until: number | undefined, now: number): Validity {
  const text = (at: number | undefined): string | null => {
    const date = new Date(at ?? Number.NaN);
    return Number.isNaN(date.getTime()) ? null : date.toISOString();
  };
  const late = until !== undefined && now > until;
  const early = from !== undefined && now < from;
  return {
    notBefore: text(from),
    notAfter: text(until),
    state: late ? 'expired' : early ? 'not_yet_valid' : until === undefined ? 'unknown' : 'valid',
    secondsLeft: until === undefined ? null : Math.round((until - now) / 1000),
  };
}
