/**
 * The key-encryption keys that a server knows: one wraps, all unwrap. While keys are wrapped anew it knows two.
 * @module
 */
import { createHash } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';

/** The key-encryption keys of the file, the first of which wraps. */
export interface KeyEncryptionKeys {
  /** What keys are wrapped with; undefined: none is known, they lie plain. */
  wrapping(): Uint8Array | undefined;
  /** All that are known, the wrapping one first. */
  all(): readonly Uint8Array[];
  /** Names of all that are known, as they are written; none says anything of its key. */
  ids(): readonly string[];
  /** Wraps with that one from now on, where it is known; undefined: with the first. */
  prefer(id: string | undefined): void;
  /** Reads again. What was known before stays known until the process ends. @throws GatehouseError `key_invalid` */
  reload(): void;
}

/** The name of a key: its own hash, cut. */
export function keyEncryptionKeyId(key: Uint8Array): string {
  return createHash('sha256').update('gatehouse key-encryption key').update(key).digest('hex').slice(0, 16);
}

/**
 * Creates the set; reads at once.
 *
 * @param read  32 bytes each, the one to wrap with first
 * @throws GatehouseError `key_invalid`
 */
export function createKeyEncryptionKeys(read: () => readonly Uint8Array[]): KeyEncryptionKeys {
  let known = new Map<string, Uint8Array>();
  let preferred: string | undefined;
  const reload = (): void => {
    const fresh = read();
    for (const key of fresh) {
      if (key.length === 32) continue;
      throw new GatehouseError('key_invalid', `the key-encryption key has ${key.length} bytes instead of 32`);
    }
    const next = new Map(fresh.map((key) => [keyEncryptionKeyId(key), key]));
    for (const [id, key] of known) if (!next.has(id)) next.set(id, key);
    known = next;
  };
  const wrapping = (): Uint8Array | undefined =>
    (preferred === undefined ? undefined : known.get(preferred)) ?? known.values().next().value;
  reload();
  return {
    wrapping,
    all() {
      const first = wrapping();
      return first === undefined ? [] : [first, ...[...known.values()].filter((each) => each !== first)];
    },
    ids: () => [...known.keys()],
    prefer(id) {
      preferred = id;
    },
    reload,
  };
}

/** One key, or none, as such a set. */
export function asKeyEncryptionKeys(given: Uint8Array | KeyEncryptionKeys | undefined): KeyEncryptionKeys {
  if (given instanceof Uint8Array) return createKeyEncryptionKeys(() => [given]);
  return given ?? createKeyEncryptionKeys(() => []);
}
