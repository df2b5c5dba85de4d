/**
 * Keys that this process holds itself: PKCS#8, plain or wrapped with AES-256-GCM under a key-encryption key.
 * @module
 */
import { createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import { generateKeyDer, type KeyType, keyIdentifier } from '../../pki/key-type.ts';
import { asKeyEncryptionKeys, type KeyEncryptionKeys } from './key-encryption.ts';
import { referenceFrom } from './key-reference.ts';
import type { KeyBlobs, KeyStore, Signer } from './signer.ts';

const WRAPPED = Buffer.from('GHK1');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Creates a key store over `blobs`.
 *
 * @param given  32 bytes, or all that are known; absent: keys are stored as plain PKCS#8
 * @param place  where `blobs` are, for people
 * @throws GatehouseError `key_invalid` when a key-encryption key is not of 32 bytes
 */
export function createLocalKeyStore(
  blobs: KeyBlobs,
  given?: Uint8Array | KeyEncryptionKeys,
  place: 'disk' | 'memory' = 'disk',
): KeyStore {
  const encryption = asKeyEncryptionKeys(given);
  const replace = blobs.replace ?? blobs.put;
  return {
    encryption,
    place,
    async create(keyType) {
      const { pkcs8, spki } = await generateKeyDer(keyType);
      const signer = createLocalSigner(pkcs8, { keyType, spki, place });
      const wrapping = encryption.wrapping();
      await blobs.put(signer.keyId, wrapping ? wrap(pkcs8, wrapping, signer.keyId) : pkcs8);
      return signer;
    },
    async open(keyId) {
      const bytes = await blobs.get(keyId);
      if (!bytes) return undefined;
      refuseReference(bytes, keyId);
      const signer = readSigner(unwrap(bytes, encryption.all(), keyId), keyId, place);
      if (signer.keyId !== keyId) throw unreadable(keyId, 'it holds another key');
      const wrapping = encryption.wrapping();
      // A key from before there was a key-encryption key.
      if (wrapping && !isWrapped(bytes)) await replace(keyId, wrap(bytes, wrapping, keyId));
      return signer;
    },
    remove: (keyId) => blobs.remove(keyId),
    setAside: (keyId) => blobs.setAside(keyId),
    list: () => blobs.list(),
    async rewrap(which) {
      const wrapping = encryption.wrapping();
      const names = [...(await blobs.list()), ...((await blobs.listAside?.()) ?? [])];
      const unreadable: string[] = [];
      let rewrapped = 0;
      for (const name of wrapping === undefined ? [] : names) {
        const bytes = await blobs.get(name);
        if (bytes === undefined || wrapping === undefined || (which === 'plain' && isWrapped(bytes))) continue;
        const anew = wrapAnew(bytes, encryption.all(), wrapping, keyIdOf(name));
        if (anew === 'unreadable') unreadable.push(name);
        if (typeof anew === 'string') continue;
        await replace(name, anew);
        rewrapped += 1;
      }
      return { keys: names.length, rewrapped, unreadable };
    },
  };
}

/** Of one that was moved aside, too: `orphaned/ID`, and whatever tells several apart. */
const keyIdOf = (name: string): string => /[0-9a-f]{8,64}/.exec(name.slice(name.indexOf('/') + 1))?.[0] ?? name;

/** The same key under the wrapping one, where it is not already. */
function wrapAnew(
  bytes: Uint8Array,
  known: readonly Uint8Array[],
  wrapping: Uint8Array,
  keyId: string,
): Buffer | 'as it should be' | 'unreadable' {
  if (isWrapped(bytes) && tryUnwrap(bytes, wrapping, keyId) !== undefined) return 'as it should be';
  if (referenceFrom(bytes) !== undefined) return 'as it should be'; // nothing in it is to be hidden
  try {
    const pkcs8 = unwrap(bytes, known, keyId);
    if (readSigner(pkcs8, keyId, 'disk').keyId !== keyId) return 'unreadable';
    return wrap(pkcs8, wrapping, keyId);
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return 'unreadable';
    throw thrown;
  }
}

/** A signer over a private key in PKCS#8 DER. */
function createLocalSigner(pkcs8: Uint8Array, of: Pick<Signer, 'keyType' | 'spki' | 'place'>): Signer {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  return {
    keyId: keyIdentifier(of.spki).toString('hex'),
    ...of,
    sign: (bytes, digest) => sign(digest, bytes, key),
  };
}

function unreadable(keyId: string, reason: string, cause?: unknown): GatehouseError {
  return new GatehouseError('key_invalid', `the key ${keyId} cannot be read: ${reason}`, { keyId, reason }, { cause });
}

function refuseReference(bytes: Uint8Array, keyId: string): void {
  const token = referenceFrom(bytes)?.token;
  if (token === undefined) return;
  const reason = `it is on the PKCS#11 token ${JSON.stringify(token)}: set authority.keyStore to { pkcs11: { module, tokenLabel, pinFile } } of that token`;
  throw unreadable(keyId, reason);
}

function readSigner(pkcs8: Uint8Array, keyId: string, place: string): Signer {
  try {
    const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const keyType: KeyType =
      key.asymmetricKeyType === 'rsa'
        ? 'rsa-2048'
        : key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
          ? 'ec-p384'
          : 'ec-p256';
    return createLocalSigner(pkcs8, { keyType, spki, place });
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

function unwrap(bytes: Uint8Array, known: readonly Uint8Array[], keyId: string): Uint8Array {
  if (!isWrapped(bytes)) return bytes;
  if (known.length === 0) throw unreadable(keyId, 'it is wrapped: set authority.keyEncryptionKeyFile');
  for (const each of known) {
    const pkcs8 = tryUnwrap(bytes, each, keyId);
    if (pkcs8 !== undefined) return pkcs8;
  }
  throw unreadable(
    keyId,
    'keyEncryptionKeyFile holds another key than the one it was wrapped with: both can stand in it, one a line',
  );
}

function tryUnwrap(bytes: Uint8Array, keyEncryptionKey: Uint8Array, keyId: string): Uint8Array | undefined {
  const nonceEnd = WRAPPED.length + NONCE_BYTES;
  const tagEnd = nonceEnd + TAG_BYTES;
  if (bytes.length < tagEnd) return undefined;
  try {
    const nonce = bytes.subarray(WRAPPED.length, nonceEnd);
    const decipher = createDecipheriv('aes-256-gcm', keyEncryptionKey, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(keyId))
      .setAuthTag(bytes.subarray(nonceEnd, tagEnd));
    return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]);
  } catch {
    return undefined; // another key, or not whole
  }
}

/** Key bytes in memory only: gone with the process. */
export function createMemoryKeyBlobs(): KeyBlobs {
  const blobs = new Map<string, Uint8Array>();
  const aside = new Map<string, Uint8Array>();
  return {
    put: async (keyId, bytes) => void blobs.set(keyId, bytes),
    get: async (keyId) => blobs.get(keyId),
    async replace(keyId, bytes) {
      if (blobs.has(keyId)) blobs.set(keyId, bytes);
    },
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
