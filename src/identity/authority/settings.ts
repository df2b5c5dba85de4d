/**
 * What the authority can be told; the configuration file's `authority` section, parsed.
 * @module
 */
import type { KeyType } from '../pki/key-type.ts';

/** Lifetimes in milliseconds, unless the name says otherwise. */
export interface AuthoritySettings {
  /** Of the X.509 authorities' own keys and, where a request names none, of SVIDs' keys. */
  readonly keyType: KeyType;
  readonly x509AuthorityTtlMs: number;
  readonly jwtAuthorityTtlMs: number;
  readonly x509SvidTtlMs: number;
  readonly jwtSvidTtlMs: number;
  /** `iss` of JWT-SVIDs; undefined: they have none. */
  readonly jwtIssuer: string | undefined;
  /** From the publication of a JWT authority until it may sign, where anybody fetches its key and says nothing. */
  readonly oidcLeadMs: number;
  /** How long before its signing an X.509-SVID begins, for clocks that are late. */
  readonly backdateMs: number;
  readonly jwtAlgorithm: JwtAlgorithm;
  readonly gateGrade: GateGrade;
  readonly refreshHintSeconds: number;
  /** How long an expired row stays in the ledger. */
  readonly ledgerRetentionMs: number;
  /** Renewals a second at most, whatever makes them due. */
  readonly renewalsPerSecond: number;
}

/** How sure we must be that a holder has the new root. */
export type GateGrade = 'sent' | 'acknowledged' | 'renewed';

/** The algorithms with which JWT-SVIDs are signed (JWT-SVID §2.1, RFC 7518 §3.1). */
export type JwtAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'RS384' | 'RS512';
