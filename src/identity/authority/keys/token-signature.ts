/**
 * Signatures as every token can make them: it is given the hash, and what it answers becomes what certificates want.
 * @module
 */
import { hash } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import { positiveInteger, sequence } from '../../pki/der.ts';
import type { KeyType } from '../../pki/key-type.ts';

type Digest = 'sha256' | 'sha384' | 'sha512';

/** DigestInfo up to the hash (RFC 8017 §9.2, note 1). */
const digestInfo: Readonly<Record<Digest, Uint8Array>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

interface TokenSignature {
  readonly mechanism: 'ecdsa' | 'rsa';
  /** What the token signs in place of `bytes`. */
  inputOf(bytes: Uint8Array, digest: Digest): Uint8Array;
  /** What it answered, as a Signer gives it. @throws GatehouseError `key_invalid` */
  signatureOf(raw: Uint8Array): Uint8Array;
}

const refuse = (message: string): never => {
  throw new GatehouseError('key_invalid', `the token signs wrongly: ${message}`);
};

/** CKM_ECDSA: it answers r and s side by side. */
const ecdsa = (halfBytes: number): TokenSignature => ({
  mechanism: 'ecdsa',
  inputOf: (bytes, digest) => hash(digest, bytes, 'buffer'),
  signatureOf: (raw) =>
    raw.length === 2 * halfBytes
      ? sequence(positiveInteger(raw.subarray(0, halfBytes)), positiveInteger(raw.subarray(halfBytes)))
      : refuse(`a signature has ${raw.length} bytes instead of ${2 * halfBytes}`),
});

/** By the type of the key. */
export const tokenSignatures: Readonly<Record<KeyType, TokenSignature>> = {
  'ec-p256': ecdsa(32),
  'ec-p384': ecdsa(48),
  'rsa-2048': {
    mechanism: 'rsa',
    inputOf: (bytes, digest) => Buffer.concat([digestInfo[digest], hash(digest, bytes, 'buffer')]),
    signatureOf: (raw) => (raw.length === 256 ? raw : refuse(`a signature has ${raw.length} bytes instead of 256`)),
  },
};
