/**
 * An open SQLite file of an authority: its statements, and the guard around them.
 * @module
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Columns, ledgerJsonOf, UNEXPIRED_COLUMNS } from '../authority-rows.ts';
import { runningError } from '../sqlite-file.ts';

export interface OpenStore {
  readonly database: DatabaseSync;
  readonly statements: ReturnType<typeof statementsOf>;
  /** Runs statements. @throws GatehouseError `store_unavailable` */
  guarded<T>(work: () => T): Promise<T>;
  /** All rows of a query. */
  all(sql: string, ...values: SQLInputValue[]): Columns[];
  /** Whether a statement has failed since it was asked last. */
  takeTrouble(): boolean;
}

/** Prepares the statements of a file whose schema is in place. @param path  for errors */
export function openStatements(database: DatabaseSync, path: string): OpenStore {
  let inTrouble = false;
  return {
    database,
    statements: statementsOf(database),
    async guarded(work) {
      try {
        return work();
      } catch (thrown) {
        inTrouble = true;
        throw runningError(path, thrown);
      }
    },
    all: (sql, ...values) => database.prepare(sql).all(...values) as Columns[],
    takeTrouble() {
      const before = inTrouble;
      inTrouble = false;
      return before;
    },
  };
}

function statementsOf(database: DatabaseSync) {
  return {
    insertLedger: database.prepare('INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    putConsumer: database.prepare('INSERT OR REPLACE INTO consumers VALUES (?, ?)'),
    insertAudit: database.prepare(
      'INSERT INTO audit (at, who, verb, use, authority_id, reason, result) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    putRevocation: database.prepare('INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?, ?, ?)'),
    readUnexpired: database.prepare(
      `SELECT rowid, ${UNEXPIRED_COLUMNS} FROM ledger WHERE (not_after_at, rowid) > (?, ?)
     ORDER BY not_after_at, rowid LIMIT ?`,
    ),
    readTexts: database.prepare(
      `SELECT max(number) AS number, json_group_array(json_object(${ledgerJsonOf('json(selectors)')})) AS page
       FROM (SELECT rowid AS number, * FROM ledger WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?)`,
    ),
    pruneSome: database.prepare(
      'DELETE FROM ledger WHERE rowid IN (SELECT rowid FROM ledger WHERE not_after_at < ? ORDER BY not_after_at LIMIT ?)',
    ),
    readState: database.prepare('SELECT version, document FROM state'),
    readVersion: database.prepare('SELECT version FROM state'),
    putProof: database.prepare("INSERT OR REPLACE INTO meta VALUES ('written', ?)"),
    writeState: database.prepare('INSERT OR REPLACE INTO state VALUES (1, ?, ?)'),
  };
}

/** Pages of a table by a number that rises; others get their turn in between. */
export async function* pagesBy(
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
