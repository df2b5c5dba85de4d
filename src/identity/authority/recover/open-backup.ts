/**
 * Opens a backup: sealed bytes in, what they hold out; the ledger page by page.
 * @module
 */
import { createDecipheriv, type DecipherGCM } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { GatehouseError } from '../../../errors.ts';
import type { LedgerRow } from '../store/store.ts';
import {
  BACKUP_MAGIC,
  type BackupContent,
  type BackupDeps,
  type BackupLine,
  LEDGER_LINE,
  MAX_HEADER_BYTES,
  NONCE_BYTES,
  sealingKeysOf,
  TAG_BYTES,
} from './backup.ts';
import { linesIn } from './lines.ts';
import { piecesOf, type SealedBytes } from './sealed-bytes.ts';

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

/** @throws GatehouseError `store_unusable` */
export function refuseBackup(reason: string, cause?: unknown): never {
  throw new GatehouseError('store_unusable', `the backup cannot be restored: ${reason}`, { reason }, { cause });
}

/**
 * Opens what `backupPieces` made, or an older version. All of it is verified before any of it is given, and again while the ledger
 * is read.
 *
 * @throws GatehouseError `store_unusable` when the file is cut, changed, of another trust domain or under another key
 */
export async function openBackup(bytes: SealedBytes, deps: OpenDeps): Promise<OpenedBackup> {
  const beginning = await bytes.read(0, MAX_HEADER_BYTES);
  const isOld = startsWith(beginning, OLD_MAGIC);
  if (!isOld && !startsWith(beginning, BACKUP_MAGIC)) return refuseUnknown(beginning);
  const lineEnd = beginning.indexOf('\n', BACKUP_MAGIC.length);
  if (lineEnd < 0) return refuseBackup('it is cut short');
  const header = beginning.subarray(0, lineEnd + 1);
  const { trustDomain, createdAt } = readHeader(header);
  if (trustDomain !== deps.trustDomain) {
    return refuseBackup(`it is of trust domain ${String(trustDomain)}, the configuration says ${deps.trustDomain}`);
  }
  if (bytes.length - header.length <= NONCE_BYTES + TAG_BYTES) return refuseBackup('it is cut short');
  let failure: unknown;
  for (const key of sealingKeysOf(deps)) {
    try {
      const sealed = { bytes, header, key };
      return { createdAt: Number(createdAt), ...(isOld ? await openOld(sealed) : await openPieces(sealed)) }; // it is sealed too
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

interface Sealed {
  readonly bytes: SealedBytes;
  readonly header: Buffer;
  readonly key: Uint8Array;
}

function decipherOf({ header, key }: Sealed, nonce: Buffer, tag: Buffer): DecipherGCM {
  return createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(header).setAuthTag(tag);
}

type Content = Omit<OpenedBackup, 'createdAt'>;

async function openOld(sealed: Sealed): Promise<Content> {
  const rest = await sealed.bytes.read(sealed.header.length, sealed.bytes.length);
  const tagEnd = NONCE_BYTES + TAG_BYTES;
  const decipher = decipherOf(sealed, rest.subarray(0, NONCE_BYTES), rest.subarray(NONCE_BYTES, tagEnd));
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

async function openPieces(sealed: Sealed): Promise<Content> {
  const [first, tables] = await readTables(linesOf(sealed));
  return {
    content: { version: first.version ?? 0, state: first.state, keys: first.keys ?? {}, ...tables },
    async *ledger() {
      for await (const line of linesOf(sealed)) if (line.startsWith(LEDGER_LINE)) yield JSON.parse(line).ledger;
    },
  };
}

/** The lines, which count for nothing before the last one has come. @throws Error where anything was changed, by then */
async function* linesOf(sealed: Sealed): AsyncGenerator<string> {
  const { bytes, header } = sealed;
  const [begin, end] = [header.length + NONCE_BYTES, bytes.length - TAG_BYTES];
  const decipher = decipherOf(sealed, await bytes.read(header.length, begin), await bytes.read(end, bytes.length));
  async function* packed(): AsyncGenerator<Buffer> {
    for await (const piece of piecesOf(bytes, begin, end)) yield decipher.update(piece);
    decipher.final();
  }
  const text = createGunzip();
  pipeline(Readable.from(packed(), { highWaterMark: 1 }), text, () => undefined); // an error ends `text` too
  yield* linesIn(text);
}

type Tables = Pick<BackupContent, 'consumers' | 'audit' | 'revocations'>;

/** All but the ledger, of which it is only seen that it is whole. */
async function readTables(lines: AsyncIterable<string>): Promise<[first: BackupLine, tables: Tables]> {
  let first: BackupLine | undefined;
  const tables = {
    consumers: [] as Tables['consumers'][number][],
    audit: [] as Tables['audit'][number][],
    revocations: [] as Tables['revocations'][number][],
  };
  for await (const text of lines) {
    if (text.startsWith(LEDGER_LINE)) continue;
    const line = JSON.parse(text) as BackupLine; // sealed by us, or refused at the end
    first ??= line;
    for (const each of line.consumers ?? []) tables.consumers.push(each);
    for (const each of line.audit ?? []) tables.audit.push(each);
    for (const each of line.revocations ?? []) tables.revocations.push(each);
  }
  return [first ?? {}, tables];
}
