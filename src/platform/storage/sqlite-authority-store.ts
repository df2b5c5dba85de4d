/**
 * The authority's store in SQLite.
 * @module
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatehouseError } from '../../errors.ts';
import { stateFromText, stateToText } from '../../identity/authority/store/state.ts';
import type { AuditRow, AuthorityStore, Consumer } from '../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import {
  auditFromColumns,
  auditToColumns,
  type Columns,
  consumerFromColumns,
  consumerToColumns,
  ledgerFromColumns,
  ledgerToColumns,
  revocationFromColumns,
  revocationToColumns,
  UNEXPIRED_COLUMNS,
  unexpiredFromColumns,
} from './authority-rows.ts';
import { openSqlite, runningError, type SqliteKind, transaction } from './sqlite-file.ts';
import { PAGE_ROWS, readLedger } from './sqlite-ledger-query.ts';

const kind: SqliteKind = {
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
  const database = openSqlite(path, kind);
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

/** Pages of a table by a number that rises; others get their turn in between. */
async function* pagesBy(
  column: string,
  read: (after: number) => Promise<readonly Columns[]>,
): AsyncGenerator<readonly Columns[]> {
  for (let after = 0; ; await nextTurn()) {
    const page = await read(after);
    const last = page.at(-1);
    if (!last) return;
    after = Number(last[column]);
    yield page;
  }
}

/** More than a group of certificates takes: after a failure a byte that finds room proves nothing. */
const PROOF_BYTES = 64 * 1024;

function storeOver(database: DatabaseSync, path: string): AuthorityStore {
  const insertLedger = database.prepare('INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const putConsumer = database.prepare('INSERT OR REPLACE INTO consumers VALUES (?, ?)');
  const insertAudit = database.prepare(
    'INSERT INTO audit (at, who, verb, use, authority_id, reason, result) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const putRevocation = database.prepare('INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?, ?, ?)');
  const readUnexpired = database.prepare(
    `SELECT rowid, ${UNEXPIRED_COLUMNS} FROM ledger WHERE (not_after_at, rowid) > (?, ?)
     ORDER BY not_after_at, rowid LIMIT ?`,
  );
  const readAll = database.prepare('SELECT rowid, * FROM ledger WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?');
  const pruneSome = database.prepare(
    'DELETE FROM ledger WHERE rowid IN (SELECT rowid FROM ledger WHERE not_after_at < ? ORDER BY not_after_at LIMIT ?)',
  );
  const readState = database.prepare('SELECT version, document FROM state');
  const readVersion = database.prepare('SELECT version FROM state');
  const putProof = database.prepare("INSERT OR REPLACE INTO meta VALUES ('written', ?)");
  const writeState = database.prepare('INSERT OR REPLACE INTO state VALUES (1, ?, ?)');

  const stored = (): { version: number; text: string | undefined } => {
    const row = readState.get();
    return { version: Number(row?.['version'] ?? 0), text: row ? String(row['document']) : undefined };
  };
  let inTrouble = false;
  const guarded = async <T>(work: () => T): Promise<T> => {
    try {
      return work();
    } catch (thrown) {
      inTrouble = true;
      throw runningError(path, thrown);
    }
  };
  const all = (sql: string, ...values: SQLInputValue[]): Columns[] => database.prepare(sql).all(...values) as Columns[];

  return {
    shared: false,
    load: () =>
      guarded(() => {
        const { version, text } = stored();
        return { version, state: text === undefined ? undefined : stateFromText(text) };
      }),
    change: (step) =>
      guarded(() =>
        transaction(database, () => {
          const { version, text } = stored();
          const before = text === undefined ? undefined : stateFromText(text);
          const { state, audit, revocations } = step(before);
          const next = state === before ? version : version + 1;
          if (next !== version) writeState.run(next, stateToText(state));
          if (audit) insertAudit.run(...auditToColumns(audit));
          for (const row of revocations ?? []) putRevocation.run(...revocationToColumns(row));
          return { version: next, state };
        }),
      ),
    appendLedger: (rows, consumers) =>
      guarded(() =>
        transaction(database, () => {
          for (const row of rows) insertLedger.run(...ledgerToColumns(row));
          for (const each of consumers) putConsumer.run(...consumerToColumns(each));
          return Number(readVersion.get()?.['version'] ?? 0);
        }),
      ),
    ledger: (query) => readLedger((sql, values) => guarded(() => all(sql, ...values)), query),
    async *ledgerPages() {
      const [{ last } = { last: 0 }] = await guarded(() => all('SELECT coalesce(max(rowid), 0) AS last FROM ledger'));
      const pages = pagesBy('rowid', (after) =>
        guarded(() => readAll.all(after, Number(last), PAGE_ROWS) as Columns[]),
      );
      for await (const page of pages) yield page.map(ledgerFromColumns);
    },
    async *unexpired(atMs) {
      let after: [number, number] = [atMs, Number.MAX_SAFE_INTEGER];
      for (;;) {
        const page = await guarded(() => readUnexpired.all(...after, PAGE_ROWS) as Columns[]);
        const last = page.at(-1);
        if (!last) return;
        after = [Number(last['not_after_at']), Number(last['rowid'])];
        yield page.map(unexpiredFromColumns);
        await nextTurn();
      }
    },
    pruneLedger: (expiredBefore) => guarded(() => Number(pruneSome.run(expiredBefore, PAGE_ROWS).changes)),
    heartbeat: (replica, word) =>
      guarded(() => {
        putProof.run('x'.repeat(inTrouble ? PROOF_BYTES : 1));
        inTrouble = false;
        return [{ replica, word }]; // the lock lets nobody else in
      }),
    async leave() {},
    consumers: () => guarded(() => all('SELECT document FROM consumers').map(consumerFromColumns)),
    removeConsumers: (names) =>
      guarded(() =>
        transaction(database, () => {
          const remove = database.prepare('DELETE FROM consumers WHERE consumer = ?');
          for (const name of names) remove.run(name);
        }),
      ),
    appendAudit: (row) => guarded(() => void insertAudit.run(...auditToColumns(row))),
    audit: (limit) =>
      guarded(() => all('SELECT * FROM audit ORDER BY number DESC LIMIT ?', limit).map(auditFromColumns)),
    revocations: () => guarded(() => all('SELECT * FROM revocations').map(revocationFromColumns)),
    pruneRevocations: (expiredBefore) =>
      guarded(() =>
        Number(database.prepare('DELETE FROM revocations WHERE not_after_at < ?').run(expiredBefore).changes),
      ),
    async snapshot() {
      // Nothing else runs in this process until it is read, and no other process may.
      const { lastAudit, ...now } = await guarded(() => {
        const { version, text } = stored();
        const [{ last } = { last: 0 }] = all('SELECT coalesce(max(number), 0) AS last FROM audit');
        return {
          version,
          state: text === undefined ? undefined : stateFromText(text),
          revocations: all('SELECT * FROM revocations').map(revocationFromColumns),
          lastAudit: Number(last),
        };
      });
      const audit: AuditRow[] = [];
      const rows = pagesBy('number', (after) =>
        guarded(() =>
          all(
            'SELECT * FROM audit WHERE number > ? AND number <= ? ORDER BY number LIMIT ?',
            after,
            lastAudit,
            PAGE_ROWS,
          ),
        ),
      );
      for await (const page of rows) audit.push(...page.map(auditFromColumns));
      const consumers: Consumer[] = [];
      const words = pagesBy('rowid', (after) =>
        guarded(() =>
          all('SELECT rowid, document FROM consumers WHERE rowid > ? ORDER BY rowid LIMIT ?', after, PAGE_ROWS),
        ),
      );
      for await (const page of words) consumers.push(...page.map(consumerFromColumns));
      return { ...now, consumers, audit };
    },
    restore: async ({ version, state, consumers, audit, revocations }, ledger) => {
      const addLedger = database.prepare('INSERT OR IGNORE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
      await guarded(() => database.exec('BEGIN IMMEDIATE'));
      try {
        for await (const page of ledger ?? [])
          await guarded(() => {
            for (const row of page) addLedger.run(...ledgerToColumns(row));
          });
        await guarded(() => {
          if (state) writeState.run(version, stateToText(state));
          for (const each of consumers) putConsumer.run(...consumerToColumns(each));
          for (const row of revocations) putRevocation.run(...revocationToColumns(row));
          for (const row of audit) insertAudit.run(...auditToColumns(row));
          database.exec('COMMIT');
        });
      } catch (thrown) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw thrown;
      }
    },
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close();
    },
  };
}
