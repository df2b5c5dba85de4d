/**
 * Backups: the whole store and its keys in one file, sealed with AES-256-GCM under the key-encryption key. open-backup.ts reads
 * them, restore.ts brings them back.
 *
 * The file is `GHBK2`, a line of JSON that anybody may read, a nonce, the sealed rest, and its tag; that line is associated data:
 * what is cut short, changed, or under another key does not open. Sealed is gzip of lines of JSON: first the state and the keys,
 * then tables page by page, the ledger last. So it is made and read in pieces, however long the ledger is.
 * @module
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { asKeyEncryptionKeys, type KeyEncryptionKeys } from '../keys/key-encryption.ts';
import { referenceFrom } from '../keys/key-reference.ts';
import type { KeyBlobs } from '../keys/signer.ts';
import { stateToText } from '../store/state.ts';
import type { AuthorityStore, LedgerRow, StoreSnapshot } from '../store/store.ts';

export interface BackupDeps {
  readonly trustDomain: TrustDomain;
  readonly store: AuthorityStore;
  readonly keys: KeyBlobs;
  /** 32 bytes, or all that are known. @throws GatehouseError `key_invalid` without one: keys leave the machine only wrapped */
  readonly keyEncryptionKey: Uint8Array | KeyEncryptionKeys | undefined;
  readonly clock: Clock;
}

/** As much of a store as a backup reads. */
export type BackupSource = Pick<AuthorityStore, 'snapshot' | 'ledgerTexts'>;

/** The first bytes of every backup: the kind of file and its version. */
export const BACKUP_MAGIC = Buffer.from('GHBK2\n');
/** The length of an AES-GCM nonce in a backup. */
export const NONCE_BYTES = 12;
/** The length of an AES-GCM tag in a backup. */
export const TAG_BYTES = 16;
/** Serials and hashes are random: looking harder for what is alike takes four times as long and saves little. */
const PACKING = { level: 1, chunkSize: 64 * 1024 } as const;

/** How a line with a page of the ledger begins. */
export const LEDGER_LINE = '{"ledger":';

/** Everything that a backup holds. */
export interface BackupContent extends Omit<StoreSnapshot, 'state'> {
  readonly state: string | undefined;
  /** Key id → base64, as the store of keys has it. */
  readonly keys: Readonly<Record<string, string>>;
}

/** One line: the first has state, version and keys; the others rows. The last says that none is missing. */
export interface BackupLine extends Partial<BackupContent> {
  readonly ledger?: readonly LedgerRow[];
  readonly end?: true;
}

/** The keys that seal, or may have: the first one seals. @throws GatehouseError `key_invalid` */
export function sealingKeysOf({
  keyEncryptionKey,
}: Pick<BackupDeps, 'keyEncryptionKey'>): readonly [Uint8Array, ...Uint8Array[]] {
  const [first, ...others] = asKeyEncryptionKeys(keyEncryptionKey).all();
  if (first !== undefined) return [first, ...others];
  throw new GatehouseError(
    'key_invalid',
    'a backup is sealed: set authority.keyEncryptionKeyFile (32 bytes, base64) first',
  );
}

/**
 * Makes a backup, piece by piece, while the authority serves: state and keys as they are at one instant, and every issuance up
 * to then. What is issued meanwhile may be in it too.
 */
export async function* backupPieces(
  deps: Omit<BackupDeps, 'store'> & { readonly store: BackupSource },
): AsyncGenerator<Uint8Array> {
  const [key] = sealingKeysOf(deps);
  const whole = await takeWhole(deps);
  const header = Buffer.concat([BACKUP_MAGIC, Buffer.from(`${JSON.stringify(headerOf(deps, whole))}\n`)]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(header);
  yield Buffer.concat([header, nonce]);
  const packed = createGzip(PACKING);
  pipeline(Readable.from(linesOf(whole, deps.store), { highWaterMark: 1 }), packed, () => undefined); // an error ends `packed` too
  for await (const piece of packed) yield cipher.update(piece as Buffer); // a gzip stream gives nothing else
  yield Buffer.concat([cipher.final(), cipher.getAuthTag()]);
}

/** What anybody may read of a backup. */
export interface BackupHeader {
  readonly trustDomain: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The labels of tokens that keys are on: in it there are only references to those. Absent: all keys are in it. */
  readonly keysOnTokens?: readonly string[];
}

/** A header takes no more. */
export const MAX_HEADER_BYTES = 4096;

/** Reads it at the beginning of a file; undefined where there is none. */
export function headerIn(beginning: Buffer): BackupHeader | undefined {
  const end = beginning.indexOf('\n', BACKUP_MAGIC.length);
  if (end < 0 || !beginning.subarray(0, BACKUP_MAGIC.length).equals(BACKUP_MAGIC)) return undefined;
  return JSON.parse(beginning.toString('utf8', BACKUP_MAGIC.length, end)) as BackupHeader; // written by headerOf
}

function headerOf({ trustDomain, clock }: Omit<BackupDeps, 'store'>, { keys }: Whole): BackupHeader {
  const tokens = Object.values(keys).flatMap((each) => referenceFrom(Buffer.from(each, 'base64'))?.token ?? []);
  const keysOnTokens = [...new Set(tokens)];
  return { trustDomain, createdAt: clock.now(), ...(keysOnTokens.length > 0 && { keysOnTokens }) };
}

const textOf = (line: BackupLine): string => `${JSON.stringify(line)}\n`;

const PAGE_ROWS = 256;

async function* linesOf({ snapshot, keys }: Whole, store: BackupSource): AsyncGenerator<string> {
  const { version, state, ...tables } = snapshot;
  yield textOf({ version, ...(state && { state: stateToText(state) }), keys });
  for (const [table, rows] of Object.entries(tables)) {
    for (let at = 0; at < rows.length; at += PAGE_ROWS) {
      yield textOf({ [table]: rows.slice(at, at + PAGE_ROWS) });
      await nextTurn();
    }
  }
  for await (const ledger of store.ledgerTexts()) yield `${LEDGER_LINE}${ledger}}\n`;
  yield textOf({ end: true });
}

interface Whole {
  readonly snapshot: StoreSnapshot;
  readonly keys: BackupContent['keys'];
}

/**
 * The state, and after it the keys: each of its authorities has its key by then, unless it was revoked meanwhile, here or by
 * another replica; then both are read again. A key too many does no harm, and one that was lost before cannot be had.
 */
async function takeWhole(deps: Pick<BackupDeps, 'keys'> & { readonly store: BackupSource }): Promise<Whole> {
  for (let lastVersion: number | undefined; ; ) {
    const snapshot = await deps.store.snapshot();
    const keys: Record<string, string> = {};
    for (const keyId of await deps.keys.list()) {
      const bytes = await deps.keys.get(keyId);
      if (bytes) keys[keyId] = Buffer.from(bytes).toString('base64');
    }
    const isWhole = (snapshot.state?.authorities ?? []).every(
      ({ id, keyDestroyed }) => keyDestroyed || Object.hasOwn(keys, id),
    );
    if (isWhole || snapshot.version === lastVersion) return { snapshot, keys };
    lastVersion = snapshot.version;
  }
}
