/**
 * Opens a backup: sealed bytes in, what they hold out; the ledger page by page.
 * @module
 */
import { createDecipheriv, type DecipherGCM } from 'node:crypto';
import { createInterface } from 'node:readline';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { GatehouseError } from '../../../errors.ts';
import type { LedgerRow } from '../store/store.ts';
import {
  BACKUP_MAGIC,
  type BackupContent,
  type BackupDeps,
  type BackupLine,
  NONCE_BYTES,
  sealingKeysOf,
  TAG_BYTES,
} from './backup.ts';

/** A backup that was opened. */
export interface OpenedBackup {
  /** When it was made, milliseconds since 1970. */
  readonly createdAt: number;
  readonly content: BackupContent;
  ledger(): AsyncIterable<readonly LedgerRow[]>;
}

type OpenDeps = Pick<BackupDeps, 'trustDomain' | 'keyEncryptionKey'>;

/** Of the first version: the tag before what is sealed, and all of it one document. */
const OLD_MAGIC = Buffer.from('GHBK1\n');
const MAX_HEADER_BYTES = 4096;

/** @throws GatehouseError `store_unusable` */
export function refuseBackup(reason: string, cause?: unknown): never {
  throw new GatehouseError('store_unusable', `the backup cannot be restored: ${reason}`, { reason }, { cause });
}

/**
 * Opens what `backupPieces` made, or an older version. All of it is verified before any of it is given.
 *
 * @throws GatehouseError `store_unusable` when the file is cut, changed, of another trust domain or under another key
 */
export async function openBackup(bytes: Uint8Array, deps: OpenDeps): Promise<OpenedBackup> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const isOld = startsWith(file, OLD_MAGIC);
  if (!isOld && !startsWith(file, BACKUP_MAGIC)) return refuseUnknown(file);
  const lineEnd = file.subarray(0, MAX_HEADER_BYTES).indexOf('\n', BACKUP_MAGIC.length);
  if (lineEnd < 0) return refuseBackup('it is cut short');
  const header = file.subarray(0, lineEnd + 1);
  const { trustDomain, createdAt } = readHeader(header);
  if (trustDomain !== deps.trustDomain) {
    return refuseBackup(`it is of trust domain ${String(trustDomain)}, the configuration says ${deps.trustDomain}`);
  }
  const rest = file.subarray(lineEnd + 1);
  if (rest.length <= NONCE_BYTES + TAG_BYTES) return refuseBackup('it is cut short');
  let failure: unknown;
  for (const key of sealingKeysOf(deps)) {
    try {
      const opened = isOld ? readOld(header, rest, key) : await readPieces(header, rest, key);
      return { createdAt: Number(createdAt), ...opened }; // it is sealed too
    } catch (thrown) {
      failure = thrown;
    }
  }
  return refuseBackup('it is cut short, was changed, or was made under another key-encryption key', failure);
}

function refuseUnknown(file: Buffer): never {
  const format = /^GHBK(\d{1,6})\n/.exec(file.toString('latin1', 0, 12))?.[1];
  if (format === undefined) return refuseBackup('it is no backup of Gatehouse');
  const known = BACKUP_MAGIC.toString('latin1').trim().slice('GHBK'.length);
  return refuseBackup(`it has format ${format}, this program reads up to ${known}; run a newer Gatehouse`);
}

const startsWith = (file: Buffer, magic: Buffer): boolean => file.subarray(0, magic.length).equals(magic);

function readHeader(header: Buffer): { readonly trustDomain?: unknown; readonly createdAt?: unknown } {
  try {
    return JSON.parse(header.subarray(BACKUP_MAGIC.length).toString());
  } catch (thrown) {
    return refuseBackup('its first line is not JSON', thrown);
  }
}

function decipherOf(header: Buffer, rest: Buffer, key: Uint8Array): DecipherGCM {
  const nonce = rest.subarray(0, NONCE_BYTES);
  return createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(header);
}

type Content = Omit<OpenedBackup, 'createdAt'>;

function readOld(header: Buffer, rest: Buffer, key: Uint8Array): Content {
  const tagEnd = NONCE_BYTES + TAG_BYTES;
  const decipher = decipherOf(header, rest, key).setAuthTag(rest.subarray(NONCE_BYTES, tagEnd));
  const packed = Buffer.concat([decipher.update(rest.subarray(tagEnd)), decipher.final()]);
  const { ledger, ...content } = JSON.parse(gunzipSync(packed).toString()) as BackupContent & {
    readonly ledger: readonly LedgerRow[];
  }; // sealed by us
  return {
    content,
    async *ledger() {
      yield ledger;
    },
  };
}

const PIECE_BYTES = 1024 * 1024;

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function readPieces(header: Buffer, rest: Buffer, key: Uint8Array): Promise<Content> {
  const sealed = rest.subarray(NONCE_BYTES, -TAG_BYTES);
  const verifying = decipherOf(header, rest, key).setAuthTag(rest.subarray(-TAG_BYTES));
  for (const piece of piecesOf(sealed)) verifying.update(piece);
  verifying.final(); // throws where anything was changed
  const lines = (): AsyncGenerator<BackupLine> => linesOf(sealed, decipherOf(header, rest, key));
  const [first, tables] = await readTables(lines());
  return {
    content: { version: first.version ?? 0, state: first.state, keys: first.keys ?? {}, ...tables },
    async *ledger() {
      for await (const { ledger } of lines()) if (ledger) yield ledger;
    },
  };
}

/** The lines of bytes that were verified. */
async function* linesOf(sealed: Buffer, decipher: DecipherGCM): AsyncGenerator<BackupLine> {
  function* packed(): Generator<Buffer> {
    for (const piece of piecesOf(sealed)) yield decipher.update(piece);
  }
  const text = createGunzip();
  pipeline(Readable.from(packed()), text, () => undefined); // an error ends `text` too
  for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
    yield JSON.parse(line); // sealed by us
  }
}

type Tables = Pick<BackupContent, 'consumers' | 'audit' | 'revocations'>;

/** All but the ledger, which stands last. */
async function readTables(lines: AsyncIterable<BackupLine>): Promise<[first: BackupLine, tables: Tables]> {
  let first: BackupLine | undefined;
  const tables = {
    consumers: [] as Tables['consumers'][number][],
    audit: [] as Tables['audit'][number][],
    revocations: [] as Tables['revocations'][number][],
  };
  for await (const line of lines) {
    if (line.ledger || line.end) break;
    first ??= line;
    tables.consumers.push(...(line.consumers ?? []));
    tables.audit.push(...(line.audit ?? []));
    tables.revocations.push(...(line.revocations ?? []));
  }
  return [first ?? {}, tables];
}
