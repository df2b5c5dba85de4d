/**
 * What the key of an authority may be that we hand to others: their libraries refuse a whole answer for one key in it that they
 * cannot read, and so one authority would take all others with it.
 * @module
 */
import { createPublicKey, type KeyObject } from 'node:crypto';

/** Curves by OpenSSL's names, and how long a SubjectPublicKeyInfo is that names its curve and has its point uncompressed. */
const curves: ReadonlyMap<string | undefined, number> = new Map([
  ['prime256v1', 91],
  ['secp384r1', 120],
  ['secp521r1', 158],
]);

const MIN_RSA_BITS = 2048;
/** Go's TLS verifies nothing above. */
const MAX_RSA_BITS = 8192;
const MAX_RSA_EXPONENT = 2n ** 31n - 1n;

/**
 * Why libraries could not use this key as an authority's, X.509 or JWT; undefined if they can: P-256, P-384, P-521, or RSA of
 * 2048 to 8192 bits.
 *
 * @param spki  SubjectPublicKeyInfo, DER
 * @see RFC 5480 §2.1.1 (curves are named), RFC 7518 §3.3 (RSA of 2048 bits at least)
 */
export function problemOfAuthorityKey(spki: Uint8Array): string | undefined {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    return 'its public key cannot be read';
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  if (type === 'ec') {
    const bytes = curves.get(details.namedCurve);
    if (bytes === undefined)
      return `its curve is ${details.namedCurve ?? 'not named'}; P-256, P-384 and P-521 are taken`;
    return bytes === spki.length ? undefined : 'its curve is written out and not named, or its point is compressed';
  }
  if (type !== 'rsa') return `its key is of the kind ${type ?? 'unknown'}; EC and RSA are taken`;
  const { modulusLength: bits = 0, publicExponent = 0n } = details;
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
    return `its RSA key has ${bits} bits; ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are taken`;
  if (publicExponent < 3n || publicExponent % 2n === 0n || publicExponent > MAX_RSA_EXPONENT)
    return `its RSA exponent is ${publicExponent}, which is not sound`;
  return undefined;
}
