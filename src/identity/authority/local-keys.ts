/**
 * Keys that this process holds itself: PKCS#8, plain or wrapped with AES-256-GCM under a key-encryption key.
 * @module
 */
import { createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { GatehouseError } from '../../errors.ts';
import { generateKeyDer, type KeyType, keyIdentifier } from '../pki/key-type.ts';
import type { KeyBlobs, KeyStore, Signer } from './signer.ts';

const WRAPPED = Buffer.from('GHK1');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Creates a key store over `blobs`.
 *
 * @param keyEncryptionKey  32 bytes; absent: keys are stored as plain PKCS#8
 * @throws GatehouseError `key_invalid` when the key-encryption key is not of 32 bytes
 */
export function createLocalKeyStore(blobs: KeyBlobs, keyEncryptionKey?: Uint8Array): KeyStore {
  if (keyEncryptionKey && keyEncryptionKey.length !== 32) {
    throw new GatehouseError(
      'key_invalid',
      `the key-encryption key has ${keyEncryptionKey.length} bytes instead of 32`,
    );
  }
  return {
    async create(keyType) {
      const { pkcs8, spki } = await generateKeyDer(keyType);
      const signer = createLocalSigner(pkcs8, keyType, spki);
      await blobs.put(signer.keyId, keyEncryptionKey ? wrap(pkcs8, keyEncryptionKey, signer.keyId) : pkcs8);
      return signer;
    },
    async open(keyId) {
      const bytes = await blobs.get(keyId);
      if (!bytes) return undefined;
      const signer = readSigner(unwrap(bytes, keyEncryptionKey, keyId), keyId);
      if (signer.keyId !== keyId) throw unreadable(keyId, 'it holds another key');
      // A key from before there was a key-encryption key.
      if (keyEncryptionKey && !isWrapped(bytes)) await blobs.put(keyId, wrap(bytes, keyEncryptionKey, keyId));
      return signer;
    },
    remove: (keyId) => blobs.remove(keyId),
    setAside: (keyId) => blobs.setAside(keyId),
    list: () => blobs.list(),
  };
}

/** A signer over a private key in PKCS#8 DER. */
function createLocalSigner(pkcs8: Uint8Array, keyType: KeyType, spki: Uint8Array): Signer {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  return {
    keyId: keyIdentifier(spki).toString('hex'),
    keyType,
    spki,
    sign: (bytes, digest) => sign(digest, bytes, key),
  };
}

function unreadable(keyId: string, reason: string, cause?: unknown): GatehouseError {
  return new GatehouseError('key_invalid', `the key ${keyId} cannot be read: ${reason}`, { keyId, reason }, { cause });
}

function readSigner(pkcs8: Uint8Array, keyId: string): Signer {
  try {
    const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const keyType: KeyType =
      key.asymmetricKeyType === 'rsa'
        ? 'rsa-2048'
        : key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
          ? 'ec-p384'
          : 'ec-p256';
    return createLocalSigner(pkcs8, keyType, spki);
  } catch (thrown) {
    throw unreadable(keyId, 'it is not a PKCS#8 key', thrown);
  }
}

const isWrapped = (bytes: Uint8Array): boolean => Buffer.compare(bytes.subarray(0, WRAPPED.length), WRAPPED) === 0;

/** Wraps with the key's id as associated data, so that one blob cannot stand in for another. */
function wrap(pkcs8: Uint8Array, keyEncryptionKey: Uint8Array, keyId: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyEncryptionKey, nonce).setAAD(Buffer.from(keyId));
  const sealed = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  return Buffer.concat([WRAPPED, nonce, cipher.getAuthTag(), sealed]);
}

function unwrap(bytes: Uint8Array, keyEncryptionKey: Uint8Array | undefined, keyId: string): Uint8Array {
  if (!isWrapped(bytes)) return bytes;
  if (!keyEncryptionKey) throw unreadable(keyId, 'it is wrapped: set authority.keyEncryptionKeyFile');
  const nonceEnd = WRAPPED.length + NONCE_BYTES;
  const nonce = bytes.subarray(WRAPPED.length, nonceEnd);
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyEncryptionKey, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(keyId))
      .setAuthTag(bytes.subarray(nonceEnd, nonceEnd + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(nonceEnd + TAG_BYTES)), decipher.final()]);
  } catch (thrown) {
    throw unreadable(keyId, 'keyEncryptionKeyFile holds another key than the one it was wrapped with', thrown);
  }
}

/** Key bytes in memory only: gone with the process. */
export function createMemoryKeyBlobs(): KeyBlobs {
  const blobs = new Map<string, Uint8Array>();
  const aside = new Map<string, Uint8Array>();
  return {
    put: async (keyId, bytes) => void blobs.set(keyId, bytes),
    get: async (keyId) => blobs.get(keyId),
    remove: async (keyId) => void blobs.delete(keyId),
    async setAside(keyId) {
      const bytes = blobs.get(keyId);
      blobs.delete(keyId);
      if (bytes !== undefined) aside.set(keyId, bytes);
      return 'memory';
    },
    list: async () => [...blobs.keys()],
  };
}
