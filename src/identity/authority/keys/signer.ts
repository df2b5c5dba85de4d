/**
 * What the authority needs of keys: narrow enough for a file, a database, a KMS or an HSM.
 * @module
 */
import type { KeyType } from '../../pki/key-type.ts';
import type { KeyEncryptionKeys } from './key-encryption.ts';

/** One private key that signs and never shows itself. */
export interface Signer {
  /** Lower-case hex of the subject key identifier; also the id of the authority that owns the key. */
  readonly keyId: string;
  readonly keyType: KeyType;
  /** Where it lives, for people: `disk`, `memory`, or `pkcs11:` and the label of a token. */
  readonly place: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /**
   * Signs `bytes`: ECDSA as DER, RSA as PKCS#1 v1.5.
   * @throws GatehouseError `keys_unavailable` where the key is out of reach
   */
  sign(bytes: Uint8Array, digest: 'sha256' | 'sha384' | 'sha512'): Uint8Array | Promise<Uint8Array>;
}

/** Holds the private keys of authorities; they never leave it. */
export interface KeyStore {
  /** Where new keys live, as `Signer.place` says it. */
  readonly place: string;
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
  /** What wraps keys; absent: whatever holds them sees to that. */
  readonly encryption?: KeyEncryptionKeys;
  /**
   * Wraps keys anew, those that were moved aside too: `plain` ones, or `all` that are not under the wrapping key. Each is durable
   * under one key or the other at every moment; without a key-encryption key nothing is done.
   */
  rewrap?(which: 'plain' | 'all'): Promise<Rewrapped>;
  /** What there is to be done about keys that are far away; absent: all are here. */
  readonly remote?: RemoteKeys;
}

/** What is to be done about keys that are far away, and may be away. */
export interface RemoteKeys {
  /** Why one of these keys cannot sign now; empty: they can, or are none of those far away. */
  trouble(keyIds: readonly string[]): string;
  /**
   * Lets each of them that is far away sign something, and verifies it.
   *
   * @returns those that do not sign as themselves; `open` finds none of them from now on
   * @throws GatehouseError `keys_unavailable`
   */
  prove(keyIds: readonly string[]): Promise<readonly string[]>;
  /** A state that names the key is durable. */
  committed(keyId: string): Promise<void>;
  /**
   * Destroys keys that were being made and that no state names, where that was begun so many milliseconds ago; and those that
   * were to be destroyed.
   *
   * @returns the names of those that were being made
   */
  sweep(isKnown: (keyId: string) => boolean, olderThanMs: number): Promise<readonly string[]>;
  /** Destroys what was to be destroyed while it was away; what is still away stays for the next time. */
  finish(): Promise<void>;
  /** The names of keys that carry our label, and that we do not know: another installation's, or from before this store. */
  unknown(): Promise<readonly string[]>;
}

/** How many keys were wrapped anew, and which could not be read. */
export interface Rewrapped {
  /** How many keys there are. */
  readonly keys: number;
  readonly rewrapped: number;
  /** Under a key-encryption key that is not known, or no key at all: they stay as they are. */
  readonly unreadable: readonly string[];
}

/** Where a local key store keeps its bytes: files, a table, memory. */
export interface KeyBlobs {
  /** Durable when it resolves. */
  put(keyId: string, bytes: Uint8Array): Promise<void>;
  get(keyId: string): Promise<Uint8Array | undefined>;
  remove(keyId: string): Promise<void>;
  setAside(keyId: string): Promise<string>;
  list(): Promise<readonly string[]>;
  /** Like `put`, but only where there is one: a key that was removed meanwhile does not come back. Absent: as `put`. */
  replace?(keyId: string, bytes: Uint8Array): Promise<void>;
  /** Names of those that were moved aside, by which `get` and `replace` find them: `orphaned/`, and the key's id. */
  listAside?(): Promise<readonly string[]>;
}
