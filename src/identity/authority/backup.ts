/**
 * Backups: the whole store and its keys in one file, sealed with AES-256-GCM under the key-encryption key. restore.ts brings them back.
 *
 * The file is `GHBK1`, a line of JSON that anybody may read, and the sealed rest, for which that line is associated data: what
 * is cut short, changed, or under another key does not open.
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { GatehouseError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { KeyBlobs } from './signer.ts';
import { stateToText } from './state.ts';
import type { AuthorityStore, StoreSnapshot } from './store.ts';

export interface BackupDeps {
  readonly trustDomain: TrustDomain;
  readonly store: AuthorityStore;
  readonly keys: KeyBlobs;
  /** 32 bytes. @throws GatehouseError `key_invalid` without one: keys leave the machine only wrapped */
  readonly keyEncryptionKey: Uint8Array | undefined;
  readonly clock: Clock;
}

const MAGIC = Buffer.from('GHBK1\n');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_HEADER_BYTES = 4096;

export interface BackupContent extends Omit<StoreSnapshot, 'state'> {
  readonly state: string | undefined;
  /** Key id → base64, as the store of keys has it. */
  readonly keys: Readonly<Record<string, string>>;
}

/** A backup that was opened. */
export interface OpenedBackup {
  /** When it was made, milliseconds since 1970. */
  readonly createdAt: number;
  readonly content: BackupContent;
}

function keyOf({ keyEncryptionKey }: Pick<BackupDeps, 'keyEncryptionKey'>): Uint8Array {
  if (keyEncryptionKey?.length === 32) return keyEncryptionKey;
  throw new GatehouseError(
    'key_invalid',
    'a backup is sealed: set authority.keyEncryptionKeyFile (32 bytes, base64) first',
  );
}

/** Makes a backup, consistent also while the authority serves. */
export async function makeBackup(
  deps: Omit<BackupDeps, 'store'> & { readonly store: Pick<AuthorityStore, 'snapshot'> },
): Promise<Uint8Array> {
  const key = keyOf(deps);
  const { snapshot, keys } = await takeWhole(deps);
  const content: BackupContent = { ...snapshot, state: snapshot.state && stateToText(snapshot.state), keys };
  const header = Buffer.concat([
    MAGIC,
    Buffer.from(`${JSON.stringify({ trustDomain: deps.trustDomain, createdAt: deps.clock.now() })}\n`),
  ]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(header);
  const sealed = Buffer.concat([cipher.update(gzipSync(JSON.stringify(content))), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), sealed]);
}

interface Whole {
  readonly snapshot: StoreSnapshot;
  readonly keys: BackupContent['keys'];
}

/**
 * The state, and after it the keys: each of its authorities has its key by then, unless it was revoked meanwhile, here or by
 * another replica; then both are read again. A key too many does no harm, and one that was lost before cannot be had.
 */
async function takeWhole(deps: Parameters<typeof makeBackup>[0]): Promise<Whole> {
  for (let lastVersion: number | undefined; ; ) {
    const snapshot = await deps.store.snapshot();
    const keys: Record<string, string> = {};
    for (const keyId of await deps.keys.list()) {
      const bytes = await deps.keys.get(keyId);
      if (bytes) keys[keyId] = Buffer.from(bytes).toString('base64');
    }
    const isWhole = (snapshot.state?.authorities ?? []).every(({ id, keyDestroyed }) => keyDestroyed || id in keys);
    if (isWhole || snapshot.version === lastVersion) return { snapshot, keys };
    lastVersion = snapshot.version;
  }
}

/** @throws GatehouseError `store_unusable` */
export function refuseBackup(reason: string, cause?: unknown): never {
  throw new GatehouseError('store_unusable', `the backup cannot be restored: ${reason}`, { reason }, { cause });
}

/**
 * Opens what `makeBackup` made.
 *
 * @throws GatehouseError `store_unusable` when the file is cut, changed, of another trust domain or under another key
 */
export function openBackup(
  bytes: Uint8Array,
  deps: Pick<BackupDeps, 'trustDomain' | 'keyEncryptionKey'>,
): OpenedBackup {
  const file = Buffer.from(bytes);
  if (Buffer.compare(file.subarray(0, MAGIC.length), MAGIC) !== 0) return refuseBackup('it is no backup of Gatehouse');
  const lineEnd = file.subarray(0, MAX_HEADER_BYTES).indexOf('\n', MAGIC.length);
  if (lineEnd < 0) return refuseBackup('it is cut short');
  const header = file.subarray(0, lineEnd + 1);
  const { trustDomain, createdAt } = readHeader(header);
  if (trustDomain !== deps.trustDomain) {
    return refuseBackup(`it is of trust domain ${String(trustDomain)}, the configuration says ${deps.trustDomain}`);
  }
  const rest = file.subarray(lineEnd + 1);
  if (rest.length <= NONCE_BYTES + TAG_BYTES) return refuseBackup('it is cut short');
  try {
    const tagEnd = NONCE_BYTES + TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', keyOf(deps), rest.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(header)
      .setAuthTag(rest.subarray(NONCE_BYTES, tagEnd));
    const packed = Buffer.concat([decipher.update(rest.subarray(tagEnd)), decipher.final()]);
    // Sealed by makeBackup, the header too.
    return { createdAt: Number(createdAt), content: JSON.parse(gunzipSync(packed).toString()) };
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    return refuseBackup('it is cut short, was changed, or was made under another key-encryption key', thrown);
  }
}

function readHeader(header: Buffer): { readonly trustDomain?: unknown; readonly createdAt?: unknown } {
  try {
    return JSON.parse(header.subarray(MAGIC.length).toString());
  } catch (thrown) {
    return refuseBackup('its first line is not JSON', thrown);
  }
}
