/**
 * What comes in as the bundle of another trust domain, held to everything that those who get it from us need.
 * @module
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import type { Bundle, JwtAuthority } from '../../spiffe/bundle.ts';
import { bundleFromJwks } from '../../spiffe/bundle-jwks.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { problemOfAuthorityKey } from '../pki/authority-key.ts';
import { readCertificate } from '../pki/certificate.ts';
import { fromPem } from '../pki/pem.ts';
import { publishedRoots } from '../pki/published-roots.ts';

/** The longest document that is read, in bytes. */
const MOST_BUNDLE_BYTES = 1024 * 1024;

/**
 * Reads a bundle document: strictly, in bounds, each certificate and key one that verifiers can use. Certificates stand in the order in
 * which they leave; those that have expired are left out. A key that some of them cannot read refuses the whole: passed on, it
 * would take all other bundles of an answer with it.
 *
 * @param text  JSON
 * @throws GatehouseError `message_invalid`, naming the trust domain and why
 */
export function judgeBundle(trustDomain: TrustDomain, text: string, atMs: number): Bundle {
  if (text.length > MOST_BUNDLE_BYTES) throw refused(trustDomain, `it is longer than ${MOST_BUNDLE_BYTES} bytes`);
  return judged(bundleFromJwks(trustDomain, text), atMs);
}

/**
 * Reads certificates of X.509 authorities in PEM as a bundle, which then has no keys for JWT-SVIDs.
 *
 * @param sequence  that it is to have, since PEM has none
 * @throws GatehouseError `message_invalid`
 */
export function judgePemBundle(
  trustDomain: TrustDomain,
  text: string,
  sequence: number | bigint,
  atMs: number,
): Bundle {
  if (text.length > MOST_BUNDLE_BYTES) throw refused(trustDomain, `it is longer than ${MOST_BUNDLE_BYTES} bytes`);
  const certificates = readable(trustDomain, () => fromPem('CERTIFICATE', text));
  if (certificates.length === 0) throw refused(trustDomain, 'there is no certificate in it');
  const keys = certificates.map((der) => ({ kty: 'RSA', use: 'x509-svid', x5c: [der.toString('base64')] })); // of any kind: the certificate has the key
  return { ...judged(bundleFromJwks(trustDomain, JSON.stringify({ keys })), atMs), sequence };
}

function judged(bundle: Bundle, atMs: number): Bundle {
  const { trustDomain } = bundle;
  const jwtAuthorities = bundle.jwtAuthorities.map((each) => readJwtAuthority(trustDomain, each));
  const x509Authorities = readable(trustDomain, () => publishedRoots(bundle.x509Authorities, atMs));
  for (const der of x509Authorities) {
    const { spki, serial } = readCertificate(der);
    const problem = problemOfAuthorityKey(spki);
    if (problem !== undefined) throw refused(trustDomain, `the certificate with the serial ${serial}: ${problem}`);
  }
  return { ...bundle, x509Authorities, jwtAuthorities };
}

/** Written as RFC 7518 §6 has it, however it came: libraries of Go and Python refuse a set for one padded coordinate. */
function readJwtAuthority(trustDomain: TrustDomain, { keyId, jwk }: JwtAuthority): JwtAuthority {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw refused(trustDomain, `the key ${JSON.stringify(keyId)} is no public key`);
  }
  const problem = problemOfAuthorityKey(key.export({ type: 'spki', format: 'der' }));
  if (problem !== undefined) throw refused(trustDomain, `the key ${JSON.stringify(keyId)}: ${problem}`);
  return { keyId, jwk: key.export({ format: 'jwk' }) };
}

function readable<T>(trustDomain: TrustDomain, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw refused(trustDomain, `a certificate in it cannot be read: ${asGatehouseError(thrown).message}`);
  }
}

const refused = (trustDomain: TrustDomain, reason: string): GatehouseError =>
  new GatehouseError('message_invalid', `the bundle of ${trustDomain} is not valid: ${reason}`, {
    trustDomain,
    reason,
  });
