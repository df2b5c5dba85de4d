/**
 * Backup and restore: the whole store and its keys in one file, sealed with AES-256-GCM under the key-encryption key.
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
import { type AuthorityState, stateFromText, stateToText } from './state.ts';
import type { AuditRow, AuthorityStore, StoreSnapshot } from './store.ts';

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

interface Content extends Omit<StoreSnapshot, 'state'> {
  readonly state: string | undefined;
  /** Key id → base64, as the store of keys has it. */
  readonly keys: Readonly<Record<string, string>>;
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
  const content: Content = { ...snapshot, state: snapshot.state && stateToText(snapshot.state), keys };
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
  readonly keys: Content['keys'];
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

function refuse(reason: string, cause?: unknown): never {
  throw new GatehouseError('store_unusable', `the backup cannot be restored: ${reason}`, { reason }, { cause });
}

function open(bytes: Uint8Array, deps: BackupDeps): Content {
  const file = Buffer.from(bytes);
  if (Buffer.compare(file.subarray(0, MAGIC.length), MAGIC) !== 0) return refuse('it is no backup of Gatehouse');
  const lineEnd = file.subarray(0, MAX_HEADER_BYTES).indexOf('\n', MAGIC.length);
  if (lineEnd < 0) return refuse('it is cut short');
  const header = file.subarray(0, lineEnd + 1);
  const { trustDomain } = readHeader(header);
  if (trustDomain !== deps.trustDomain) {
    return refuse(`it is of trust domain ${String(trustDomain)}, the configuration says ${deps.trustDomain}`);
  }
  const rest = file.subarray(lineEnd + 1);
  if (rest.length <= NONCE_BYTES + TAG_BYTES) return refuse('it is cut short');
  try {
    const tagEnd = NONCE_BYTES + TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', keyOf(deps), rest.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(header)
      .setAuthTag(rest.subarray(NONCE_BYTES, tagEnd));
    const packed = Buffer.concat([decipher.update(rest.subarray(tagEnd)), decipher.final()]);
    return JSON.parse(gunzipSync(packed).toString()); // sealed by makeBackup
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    return refuse('it is cut short, was changed, or was made under another key-encryption key', thrown);
  }
}

function readHeader(header: Buffer): { readonly trustDomain?: unknown } {
  try {
    return JSON.parse(header.subarray(MAGIC.length).toString());
  } catch (thrown) {
    return refuse('its first line is not JSON', thrown);
  }
}

/**
 * Restores a backup into the store that `deps` hold open (SQLite: its lock keeps a living authority out).
 *
 * Nothing goes back: the bundle's sequence goes on above whatever may have been published since, ledger rows and revocations
 * are added to what is there, and an authority that only the store knows stays trusted, as an old one.
 *
 * @throws GatehouseError `store_locked` when a replica lives; `store_unusable` when the file is cut, changed, of another trust
 *   domain or under another key
 */
export async function restoreBackup(bytes: Uint8Array, who: string, deps: BackupDeps): Promise<void> {
  const { state: text, keys, ...content } = open(bytes, deps);
  if (text === undefined) return refuse('it is empty');
  const others = (await deps.store.heartbeat('restore', '{}'))
    .map(({ replica }) => replica)
    .filter((replica) => replica !== 'restore');
  if (others.length > 0) {
    throw new GatehouseError('store_locked', `${others.length} replicas use this store; stop them first`, { others });
  }
  for (const [keyId, base64] of Object.entries(keys)) await deps.keys.put(keyId, Buffer.from(base64, 'base64'));
  const present = await deps.store.load();
  const atMs = deps.clock.now();
  await deps.store.restore({
    ...content,
    version: Math.max(content.version, present.version) + 1,
    state: merged(stateFromText(text), present.state, atMs),
  });
  const audit: AuditRow = { at: atMs, who, verb: 'restore', use: '', authorityId: '', reason: '', result: 'done' };
  await deps.store.appendAudit(audit);
}

/** Counts of steps never reach the seconds since 1970, so that number is above all that was published after the backup. */
function merged(restored: AuthorityState, present: AuthorityState | undefined, atMs: number): AuthorityState {
  const above = (a: number, b = 0): number => Math.max(a, b, Math.floor(atMs / 1000)) + 1;
  const known = new Set(restored.authorities.map((each) => each.id));
  const extra = (present?.authorities ?? [])
    .filter((each) => !known.has(each.id) && each.slot !== 'revoked')
    .map((each) => ({ ...each, slot: each.slot === 'tainted' ? ('tainted' as const) : ('old' as const) }));
  return {
    ...restored,
    sequence: above(restored.sequence, present?.sequence),
    crlNumber: above(restored.crlNumber, present?.crlNumber),
    revocationSequence: above(restored.revocationSequence, present?.revocationSequence),
    authorities: [...restored.authorities, ...extra],
  };
}
