/**
 * What lies in the place of a key that is on a token: where it is, and its public half. It says nothing that must be hidden.
 * @module
 */
import type { KeyType } from '../../pki/key-type.ts';

/** A key on a token. */
export interface KeyReference {
  /**
   * making: a key is being made, or was made and no state names it yet; stored under the name by which the token has it first.
   * key: it is there. doomed: its authority is gone, and so will it be.
   */
  readonly kind: 'making' | 'key' | 'doomed';
  /** The token's label. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** The name by which the token had it first, and still has where it lets nobody change that. */
  readonly firstName: string;
  readonly keyType: KeyType;
  /** SubjectPublicKeyInfo, base64; empty while it is being made. */
  readonly spki: string;
}

const MAGIC = Buffer.from('GHP1');

/** As it is stored. */
export function referenceToBytes(reference: KeyReference): Buffer {
  return Buffer.concat([MAGIC, Buffer.from(JSON.stringify(reference))]);
}

/** Reads what was stored in a key's place; undefined: it is a key itself. */
export function referenceFrom(bytes: Uint8Array): KeyReference | undefined {
  const stored = Buffer.from(bytes);
  if (!stored.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return JSON.parse(stored.toString('utf8', MAGIC.length)) as KeyReference; // written by referenceToBytes
}

/** Begins the name of every place that is a token. */
export const TOKEN_PLACE = 'pkcs11:';

/** Where a key on a token lives, for people. */
export const placeOnToken = (label: string): string => `${TOKEN_PLACE}${label}`;
