/**
 * The authority's store in SQLite.
 * @module
 */
import type { DatabaseSync } from 'node:sqlite';
import { GatehouseError } from '../../errors.ts';
import type { AuthorityStore } from '../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { backupOver } from './sqlite/backup.ts';
import { ledgerOver } from './sqlite/ledger.ts';
import { openStatements } from './sqlite/open-store.ts';
import { recordsOver } from './sqlite/records.ts';
import { stateOver } from './sqlite/state.ts';
import { openSqlite, runningError, type SqliteKind } from './sqlite-file.ts';

/** The file of an authority's store. */
export const authorityStoreKind: SqliteKind = {
  applicationId: 0x47617465,
  migrations: [
    `CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
     CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
     CREATE TABLE ledger (
       serial TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, spiffe_id TEXT NOT NULL, selectors TEXT NOT NULL,
       spki_sha256 TEXT NOT NULL, authority_id TEXT NOT NULL, not_before_at INTEGER NOT NULL, not_after_at INTEGER NOT NULL,
       issued_at INTEGER NOT NULL, channel TEXT NOT NULL, consumer TEXT NOT NULL, bundle_sequence INTEGER NOT NULL) STRICT;
     CREATE INDEX ledger_by_id ON ledger (spiffe_id, issued_at);
     CREATE INDEX ledger_by_end ON ledger (not_after_at);
     CREATE TABLE consumers (consumer TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
     CREATE TABLE audit (
       number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, verb TEXT NOT NULL,
       use TEXT NOT NULL, authority_id TEXT NOT NULL, reason TEXT NOT NULL, result TEXT NOT NULL) STRICT;
     CREATE TABLE revocations (
       kind TEXT NOT NULL, value TEXT NOT NULL, authority_id TEXT NOT NULL, reason TEXT NOT NULL,
       revoked_at INTEGER NOT NULL, not_after_at INTEGER NOT NULL, PRIMARY KEY (kind, value)) STRICT;`,
    // Without it one page of the ledger reads and sorts all of it.
    'CREATE INDEX ledger_by_issue ON ledger (issued_at, serial);',
  ],
};

export interface SqliteLimits {
  /** The file may not grow beyond this many pages of 4 KiB. */
  readonly maxPages?: number;
}

/**
 * Opens the store at `path`; the trust domain is written into a new one.
 *
 * @throws GatehouseError `store_locked`, `store_unusable` (also when it belongs to another trust domain)
 */
export function openSqliteAuthorityStore(
  path: string,
  trustDomain: TrustDomain,
  limits: SqliteLimits = {},
): AuthorityStore {
  const database = openSqlite(path, authorityStoreKind);
  try {
    // SQLite raises a limit that is too small to the size that the file has: it can then not grow at all.
    if (limits.maxPages !== undefined) database.exec(`PRAGMA max_page_count=${Math.max(1, limits.maxPages)}`);
    claim(database, path, trustDomain);
    return storeOver(database, path);
  } catch (thrown) {
    database.close();
    throw thrown instanceof GatehouseError ? thrown : runningError(path, thrown);
  }
}

function claim(database: DatabaseSync, path: string, trustDomain: TrustDomain): void {
  database.prepare("INSERT OR IGNORE INTO meta VALUES ('trust_domain', ?)").run(trustDomain);
  const row = database.prepare("SELECT value FROM meta WHERE name = 'trust_domain'").get();
  const stored = String(row?.['value']);
  if (stored === trustDomain) return;
  throw new GatehouseError(
    'store_unusable',
    `the store ${path} belongs to trust domain ${stored}, the configuration says ${trustDomain}`,
    { path, stored, configured: trustDomain },
  );
}

function storeOver(database: DatabaseSync, path: string): AuthorityStore {
  const open = openStatements(database, path);
  return {
    shared: false,
    ...stateOver(open),
    ...ledgerOver(open),
    ...recordsOver(open),
    ...backupOver(open),
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close();
    },
  };
}
