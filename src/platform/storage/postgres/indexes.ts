/**
 * Indexes that came after the tables. Where a table is long they are made beside everything that goes on: nobody waits for them, and a
 * start does not either; until they are there, what they are for is slower.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ReservedSql, Sql } from 'postgres';

/** Any number that no other program takes: `Gate`. */
export const LOCK_SPACE = 0x47617465;
/** Who holds it makes indexes; other replicas look again later. */
const INDEX_LOCK = 1;
const AGAIN_MS = 60_000;
/** Indexed in a few milliseconds. */
const SHORT_ROWS = 10_000;

/** By name, of gatehouse_ledger: without this one the newest page of the ledger reads and sorts all of it. */
const indexes: ReadonlyMap<string, string> = new Map([
  ['gatehouse_ledger_by_issue', '(trust_domain, issued_at, serial COLLATE "C")'],
]);

/** Makes what is missing at once where the ledger is short; answers whether that was so. */
export async function indexIfShort(sql: Sql): Promise<boolean> {
  const [found] =
    await sql`SELECT count(*) AS rows FROM (SELECT 1 FROM gatehouse_ledger LIMIT ${SHORT_ROWS}) AS first_rows`;
  if (Number(found?.['rows']) >= SHORT_ROWS) return false;
  const make = [...indexes].map(([name, on]) => `CREATE INDEX IF NOT EXISTS ${name} ON gatehouse_ledger ${on};`);
  await sql.unsafe(`SELECT pg_advisory_xact_lock(${LOCK_SPACE}, 0); ${make.join(' ')}`);
  return true;
}

/** Makes what is missing beside all else, and tries again until it is there or `stop` aborts; it never throws. */
export async function indexInTime(sql: Sql, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      if ((await missingIndexes(sql)).length === 0) return;
      await makeMissing(sql);
    } catch {
      // The database is away, or it may not be changed: the ledger is read without them.
    }
    await delay(AGAIN_MS, undefined, { signal: stop, ref: false }).catch(() => undefined);
  }
}

/** Those that are not there, or were left half made. */
async function missingIndexes(sql: Sql | ReservedSql): Promise<readonly string[]> {
  const rows = await sql`SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
    WHERE indrelid = to_regclass('gatehouse_ledger') AND indisvalid`;
  const there = new Set(rows.map((row) => String(row['relname'])));
  return [...indexes.keys()].filter((name) => !there.has(name));
}

async function makeMissing(sql: Sql): Promise<void> {
  const connection = await sql.reserve();
  try {
    const [lock] = await connection`SELECT pg_try_advisory_lock(${LOCK_SPACE}::int, ${INDEX_LOCK}::int) AS held`;
    if (lock?.['held'] !== true) return;
    try {
      await connection`SET statement_timeout = 0`;
      for (const name of await missingIndexes(connection)) {
        await connection.unsafe(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
        await connection.unsafe(`CREATE INDEX CONCURRENTLY ${name} ON gatehouse_ledger ${indexes.get(name)!}`);
      }
    } finally {
      await connection`RESET statement_timeout`;
      await connection`SELECT pg_advisory_unlock(${LOCK_SPACE}::int, ${INDEX_LOCK}::int)`;
    }
  } finally {
    connection.release();
  }
}
