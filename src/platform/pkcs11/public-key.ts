/**
 * Public keys as a token shows them, as SubjectPublicKeyInfo.
 * @module
 */
import { createPublicKey } from 'node:crypto';

/** A curve, as tokens name it and as JSON Web Keys do. */
export interface Curve {
  /** The OID, DER: CKA_EC_PARAMS. */
  readonly params: Uint8Array;
  readonly crv: string;
  /** Of one coordinate, and of r and s of a signature. */
  readonly bytes: number;
}

/** The curves of authorities' keys. */
export const curves: Readonly<Record<'ec-p256' | 'ec-p384', Curve>> = {
  'ec-p256': { params: Buffer.from('06082a8648ce3d030107', 'hex'), crv: 'P-256', bytes: 32 },
  'ec-p384': { params: Buffer.from('06052b81040022', 'hex'), crv: 'P-384', bytes: 48 },
};

const UNCOMPRESSED = 0x04;

/**
 * Makes it of CKA_EC_POINT: a DER OCTET STRING that holds the point, or the point alone, as some tokens have it.
 *
 * @throws RangeError where it is neither
 */
export function ecPublicKey({ crv, bytes }: Curve, ecPoint: Uint8Array): Buffer {
  const pointBytes = 1 + 2 * bytes;
  const point = ecPoint.subarray(-pointBytes);
  const header = ecPoint.length - pointBytes;
  const isWrapped = header === 2 && ecPoint[0] === UNCOMPRESSED && ecPoint[1] === pointBytes;
  if (point[0] !== UNCOMPRESSED || !(header === 0 || isWrapped))
    throw new RangeError(`CKA_EC_POINT has ${ecPoint.length} bytes that are no point of ${crv}`);
  const coordinate = (from: number): string => Buffer.from(point.subarray(from, from + bytes)).toString('base64url');
  return spkiOf({ kty: 'EC', crv, x: coordinate(1), y: coordinate(1 + bytes) });
}

/** Makes it of CKA_MODULUS and CKA_PUBLIC_EXPONENT. */
export function rsaPublicKey(modulus: Uint8Array, exponent: Uint8Array): Buffer {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  return spkiOf({ kty: 'RSA', n: text(modulus), e: text(exponent) });
}

const spkiOf = (jwk: Record<string, string>): Buffer =>
  createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
