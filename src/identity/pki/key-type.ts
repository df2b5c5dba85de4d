/**
 * The kinds of keys that Gatehouse makes and certifies, and how they look as DER.
 * @module
 */
import { generateKeyPair, generateKeyPairSync, hash } from 'node:crypto';
import { promisify } from 'node:util';
import { GatehouseError } from '../../errors.ts';
import { tag } from './der.ts';
import { DerReader, enterSequence, readBitString, readOid, readOnly, readUnsigned } from './der-reader.ts';
import { oid } from './oids.ts';

/** The kinds of keys that Gatehouse makes and certifies. */
export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-2048';

/** A public key as it stands in a certificate. */
export interface PublicKeyInfo {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly family: 'ec' | 'rsa';
}

/** A key pair as DER: SubjectPublicKeyInfo and PKCS#8, not encrypted. */
export interface KeyPairDer extends PublicKeyInfo {
  readonly pkcs8: Uint8Array;
}

/** SubjectPublicKeyInfo up to the point, for the curves that we know; the uncompressed point follows. */
const curves = {
  'ec-p256': { name: 'P-256', pointBytes: 65, prefix: '3059301306072a8648ce3d020106082a8648ce3d030107034200' },
  'ec-p384': { name: 'P-384', pointBytes: 97, prefix: '3076301006072a8648ce3d020106052b81040022036200' },
} as const;

const prefixes = {
  'ec-p256': Buffer.from(curves['ec-p256'].prefix, 'hex'),
  'ec-p384': Buffer.from(curves['ec-p384'].prefix, 'hex'),
};

const p256SpkiBytes = prefixes['ec-p256'].length + curves['ec-p256'].pointBytes;

const generateRsa = promisify(generateKeyPair);

/**
 * Makes a key pair.
 *
 * For a curve the public key is cut out of the PKCS#8, where it stands last: exporting it would cost as much as a signature.
 */
export async function generateKeyDer(keyType: KeyType): Promise<KeyPairDer> {
  if (keyType === 'rsa-2048') {
    const { publicKey, privateKey } = await generateRsa('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    });
    return { spki: publicKey, pkcs8: privateKey, family: 'rsa' };
  }
  const { name, pointBytes } = curves[keyType];
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: name });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  return { spki: Buffer.concat([prefixes[keyType], pkcs8.subarray(-pointBytes)]), pkcs8, family: 'ec' };
}

/** What a caller's own public key may be: P-256, P-384, or RSA of 2048 to 4096 bits with an odd exponent of at most 33 bits. */
export function readPublicKeyInfo(spki: Uint8Array): PublicKeyInfo {
  const reason = problemOf(spki);
  if (reason !== undefined)
    throw new GatehouseError('key_invalid', `this public key is not accepted: ${reason}`, { reason });
  return { spki, family: isKnownCurve(spki) ? 'ec' : 'rsa' };
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean =>
  bytes.length >= prefix.length && Buffer.compare(bytes.subarray(0, prefix.length), prefix) === 0;

function isKnownCurve(spki: Uint8Array): boolean {
  return (['ec-p256', 'ec-p384'] as const).some(
    (type) =>
      spki.length === prefixes[type].length + curves[type].pointBytes &&
      startsWith(spki, prefixes[type]) &&
      spki[prefixes[type].length] === 4,
  );
}

const MAX_SPKI_BYTES = 600; // RSA-4096 takes 550

function problemOf(spki: Uint8Array): string | undefined {
  if (isKnownCurve(spki)) return undefined;
  if (spki.length > MAX_SPKI_BYTES) return `it is larger than an RSA key of 4096 bits (${spki.length} bytes)`;
  try {
    return problemOfOther(spki);
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return String(thrown.details['reason']);
    throw thrown;
  }
}

function problemOfOther(spki: Uint8Array): string | undefined {
  const body = new DerReader(readOnly(spki, tag.sequence).content);
  const algorithm = enterSequence(body);
  const algorithmOid = readOid(algorithm);
  if (algorithmOid === oid.ecPublicKey) return 'its curve is not P-256 or P-384, or its point is not uncompressed';
  if (algorithmOid !== oid.rsaEncryption) return `algorithm ${algorithmOid} is neither EC nor RSA`;
  algorithm.read(tag.nullValue);
  algorithm.end();
  const key = new DerReader(readOnly(readBitString(body), tag.sequence).content);
  body.end();
  const modulus = readUnsigned(key);
  const exponent = readUnsigned(key);
  key.end();
  const bits = BigInt(`0x${modulus}`).toString(2).length;
  if (bits < 2048 || bits > 4096) return `RSA of ${bits} bits (2048 to 4096 are accepted)`;
  if (exponent.length > 10 || Number.parseInt(exponent, 16) % 2 === 0 || exponent === '01')
    return 'the RSA exponent is not sound';
  return undefined;
}

/** Subject key identifier: the leftmost 160 bits of the SHA-256 of the key's bit string (RFC 7093 §2, method 1). */
export function keyIdentifier(spki: Uint8Array): Buffer {
  return hash('sha256', keyBitsOf(spki), 'buffer').subarray(0, 20);
}

function keyBitsOf(spki: Uint8Array): Uint8Array {
  if (isKnownCurve(spki)) return spki.subarray(spki.length === p256SpkiBytes ? -65 : -97);
  const body = new DerReader(readOnly(spki, tag.sequence).content);
  body.read(tag.sequence);
  return readBitString(body);
}

/** Lower-case hex SHA-256 of SubjectPublicKeyInfo: the name of a key in ledger and revocations. */
export function spkiHash(spki: Uint8Array): string {
  return hash('sha256', spki, 'hex');
}
