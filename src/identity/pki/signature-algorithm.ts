/**
 * Signature algorithms of certificates, requests and CRLs: one row each.
 * @module
 */
import { oid } from './oids.ts';

/** An algorithm with which certificates are signed (RFC 5280 §4.1.1.2). */
export interface SignatureAlgorithm {
  readonly oid: string;
  /** The digest, as node:crypto names it. */
  readonly digest: 'sha256' | 'sha384' | 'sha512';
  readonly family: 'ec' | 'rsa';
  /** RSA has NULL parameters, ECDSA has none (RFC 4055 §5, RFC 5758 §3.2). */
  readonly nullParameters: boolean;
}

const row = (
  algorithmOid: string,
  digest: SignatureAlgorithm['digest'],
  family: SignatureAlgorithm['family'],
): SignatureAlgorithm => ({ oid: algorithmOid, digest, family, nullParameters: family === 'rsa' });

/** The algorithms by name. */
export const signatureAlgorithms = {
  es256: row(oid.ecdsaWithSha256, 'sha256', 'ec'),
  es384: row(oid.ecdsaWithSha384, 'sha384', 'ec'),
  es512: row(oid.ecdsaWithSha512, 'sha512', 'ec'),
  rs256: row(oid.sha256WithRsa, 'sha256', 'rsa'),
  rs384: row(oid.sha384WithRsa, 'sha384', 'rsa'),
  rs512: row(oid.sha512WithRsa, 'sha512', 'rsa'),
} as const;

const byOid = new Map<string, SignatureAlgorithm>(Object.values(signatureAlgorithms).map((each) => [each.oid, each]));

/** The algorithm of that object identifier; SHA-1, MD5, DSA, PSS and unknown ones are undefined. */
export function signatureAlgorithmOf(algorithmOid: string): SignatureAlgorithm | undefined {
  return byOid.get(algorithmOid);
}
