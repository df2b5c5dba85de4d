/**
 * What the authority needs of keys: narrow enough for a file, a database, a KMS or an HSM.
 * @module
 */
import type { KeyType } from '../pki/key-type.ts';

/** One private key that signs and never shows itself. */
export interface Signer {
  /** Lower-case hex of the subject key identifier; also the id of the authority that owns the key. */
  readonly keyId: string;
  readonly keyType: KeyType;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /**
   * Signs `bytes`: ECDSA as DER, RSA as PKCS#1 v1.5.
   * @throws GatehouseError `store_unavailable` where the key is out of reach
   */
  sign(bytes: Uint8Array, digest: 'sha256' | 'sha384' | 'sha512'): Uint8Array | Promise<Uint8Array>;
}

export interface KeyStore {
  /** Makes a key; durable when it resolves. */
  create(keyType: KeyType): Promise<Signer>;
  /** The key of that id, or undefined when there is none. @throws GatehouseError `key_invalid`, `store_unusable` */
  open(keyId: string): Promise<Signer | undefined>;
  /** Removes a key for good; none of that id is no error. */
  remove(keyId: string): Promise<void>;
  /** Moves a key that nobody knows to where no other can take its place; answers where, for people. */
  setAside(keyId: string): Promise<string>;
  /** The ids of all keys, without those that were moved aside. */
  list(): Promise<readonly string[]>;
}

/** Where a local key store keeps its bytes: files, a table, memory. */
export interface KeyBlobs {
  /** Durable when it resolves. */
  put(keyId: string, bytes: Uint8Array): Promise<void>;
  get(keyId: string): Promise<Uint8Array | undefined>;
  remove(keyId: string): Promise<void>;
  setAside(keyId: string): Promise<string>;
  list(): Promise<readonly string[]>;
}
