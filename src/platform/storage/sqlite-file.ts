/**
 * Opens a SQLite file for one writer: exclusive lock, WAL, every commit synced, schema by version.
 * @module
 */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../../errors.ts';
import { reasonOf } from './data-dir.ts';

/** What kind of file it is: another program's file, or another kind of ours, is refused. */
export interface SqliteKind {
  /** 31 bits, kept in the file's header. */
  readonly applicationId: number;
  /** Statements that lead from version n to n + 1; their number is the version that this program writes. */
  readonly migrations: readonly string[];
}

/**
 * Opens or makes the file. The lock is the kernel's: it goes with the process, however that ends.
 *
 * @throws GatehouseError `store_locked` when another process has it; `store_unusable` when it is of another program or a newer
 *   version, read-only, damaged, or the disk is full
 */
export function openSqlite(path: string, kind: SqliteKind): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    const logBytes = sizeOf(`${path}-wal`);
    // SQLite would throw away the log of a file that is empty: it never leaves the two like that.
    if (logBytes > 0 && sizeOf(path) === 0)
      throw unusable(path, `it is empty or gone, and its log ${path}-wal is not: ${CUT}`);
    closeSync(openSync(path, 'a', 0o600)); // SQLite itself would make it readable to others
    database = new DatabaseSync(path, { timeout: 0 });
    // The lock first: with it held, nothing below can race another start.
    database.exec(
      'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE; COMMIT;',
    );
    // The ledger is indexed by identity: with the usual 2 MB of cache every insert would soon read pages again. A look at all of it,
    // a backup say, fills whatever there is.
    database.exec('PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16384;');
    migrate(database, path, kind);
    // The last end was not in order: what the log lies over may have been cut, which reading finds only where it reads.
    if (logBytes > 0 && sizeOf(path) <= CHECKED_BYTES) checkWhole(database, path);
    return database;
  } catch (thrown) {
    closeQuietly(database);
    throw thrown instanceof GatehouseError ? thrown : openError(path, thrown);
  }
}

/** Where the header of a SQLite file has what it is (sqlite.org/fileformat2.html §1.3). */
const HEADER = { magic: 'SQLite format 3\0', bytes: 100, userVersion: 60, applicationId: 68 };

/** Why a file cannot be opened as one of a kind; empty where its header is good. It is not locked, and nothing is changed. */
export function lookAtSqlite(path: string, { applicationId, migrations }: SqliteKind): string {
  const header = Buffer.alloc(HEADER.bytes);
  try {
    if (!statSync(path).isFile()) return 'it is no file';
    if (sizeOf(path) === 0) return sizeOf(`${path}-wal`) > 0 ? `it is empty, and its log is not: ${CUT}` : '';
    const fd = openSync(path, 'r');
    readSync(fd, header, 0, HEADER.bytes, 0);
    closeSync(fd);
  } catch (thrown) {
    return reasonOf(thrown);
  }
  if (header.toString('latin1', 0, HEADER.magic.length) !== HEADER.magic)
    return 'it is damaged, or no SQLite file; restore a backup';
  if (header.readUInt32BE(HEADER.applicationId) !== applicationId) return 'it is a database of another program';
  const version = header.readUInt32BE(HEADER.userVersion);
  if (version <= migrations.length) return '';
  return `it is of version ${version}, this program knows ${migrations.length}; run a newer Gatehouse`;
}

const CUT = 'it was cut, or replaced while the server ran; bring back the file, or restore a backup';
/** Read in a fraction of a second. */
const CHECKED_BYTES = 64 * 1024 * 1024;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function checkWhole(database: DatabaseSync, path: string): void {
  const [found] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
  if (found !== 'ok') throw unusable(path, `it is damaged (${String(found)}); restore a backup`);
}

function closeQuietly(database: DatabaseSync | undefined): void {
  try {
    database?.close();
  } catch {
    // It failed to open; that error is on its way.
  }
}

const pragma = (database: DatabaseSync, name: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

function migrate(database: DatabaseSync, path: string, { applicationId, migrations }: SqliteKind): void {
  const found = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const isNew = version === 0 && found === 0 && pragma(database, 'schema_version') === 0;
  if (!isNew && found !== applicationId) throw unusable(path, 'it is a database of another program');
  if (version > migrations.length) {
    throw unusable(path, `it is of version ${version}, this program knows ${migrations.length}; run a newer Gatehouse`);
  }
  if (version === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  for (const statements of migrations.slice(version)) database.exec(statements);
  database.exec(`PRAGMA application_id=${applicationId}; PRAGMA user_version=${migrations.length}; COMMIT;`);
  // What a migration of a large table leaves in the log would else be moved into the file by a commit that somebody waits for.
  database.exec('PRAGMA wal_checkpoint(TRUNCATE);');
}

function unusable(path: string, reason: string, cause?: unknown): GatehouseError {
  return new GatehouseError(
    'store_unusable',
    `the store ${path} cannot be used: ${reason}`,
    { path, reason },
    { cause },
  );
}

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const resultCode = {
  perm: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
};

function codeOf(thrown: unknown): number | undefined {
  const code: unknown = (thrown as { errcode?: unknown }).errcode; // node:sqlite puts the extended result code there
  return typeof code === 'number' ? code & 0xff : undefined;
}

function reasonOfSqlite(thrown: unknown): string {
  switch (codeOf(thrown)) {
    case resultCode.readOnly:
    case resultCode.perm:
      return 'it may not be written';
    case resultCode.full:
      return 'the disk is full; free some space';
    case resultCode.corrupt:
    case resultCode.notADatabase:
      return 'it is damaged, or no SQLite file; restore a backup';
    case resultCode.ioError:
      return 'the disk refuses; look for a quota, a limit on the size of files, a file system that is gone or failing (dmesg)';
    default:
      return reasonOf(thrown);
  }
}

function openError(path: string, thrown: unknown): GatehouseError {
  const code = codeOf(thrown);
  if (code === resultCode.busy || code === resultCode.locked) {
    return new GatehouseError(
      'store_locked',
      `the store ${path} is in use by another Gatehouse; stop that one, or give this one a dataDir of its own`,
      { path },
      { cause: thrown },
    );
  }
  if (!existsSync(dirname(path))) return unusable(path, 'its directory does not exist', thrown);
  return unusable(path, reasonOfSqlite(thrown), thrown);
}

/** Turns what SQLite throws while running into `store_unavailable`. */
export function runningError(path: string, thrown: unknown): GatehouseError {
  if (thrown instanceof GatehouseError) return thrown;
  const reason = reasonOfSqlite(thrown);
  return new GatehouseError(
    'store_unavailable',
    `the store ${path} fails: ${reason}`,
    { path, reason },
    { cause: thrown },
  );
}

/** Runs `work` in one transaction: all of it is durable when this returns, or none of it is there. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (thrown) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}
