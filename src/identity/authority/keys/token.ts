/**
 * A token, as its key store sees it: something far away that makes keys and signs, and gives no key out (PKCS#11).
 * @module
 */
import type { KeyType } from '../../pki/key-type.ts';

/** Everything throws GatehouseError `keys_unavailable` while it is out of reach, and `key_invalid` where it does not do as asked. */
export interface Token {
  /** By which it is found. */
  readonly label: string;
  /** Why it cannot be used now; empty while it can. */
  trouble(): string;
  /** Makes a key that is found by that name, lower-case hex; answers its SubjectPublicKeyInfo, DER. */
  generate(keyType: KeyType, name: string): Promise<Uint8Array>;
  /** Gives a key another name; false where the token does not let that be done, and the old one stays. */
  rename(from: string, to: string): Promise<boolean>;
  /** Signs what stands for a hash with the first key that is found by one of the names: see token-signature.ts. */
  sign(names: readonly string[], mechanism: 'ecdsa' | 'rsa', input: Uint8Array): Promise<Uint8Array>;
  /** Destroys all objects of those names; answers how many there were. */
  destroy(names: readonly string[]): Promise<number>;
  /** The names of all keys that carry the trust domain's label. */
  names(): Promise<readonly string[]>;
}
