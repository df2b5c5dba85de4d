/**
 * Questions to the ledger in SQLite. A question that an index answers badly may have to read all of it: that is done a slice at
 * a time, in the order of the answer, and others get their turn in between.
 * @module
 */
import type { SQLInputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LedgerQuery, LedgerRow } from '../../identity/authority/store/store.ts';
import { type Columns, ledgerFromColumns } from './authority-rows.ts';

/** Read in about a millisecond. */
export const PAGE_ROWS = 256;

type Read = (sql: string, values: readonly SQLInputValue[]) => Promise<readonly Columns[]>;

/** Answers a question, newest first, by serial where issued together. */
export async function readLedger(read: Read, query: LedgerQuery): Promise<readonly LedgerRow[]> {
  const limit = query.limit ?? 100;
  const out: LedgerRow[] = [];
  const isMeant = residueOf(query);
  for (let { after } = query; ; await nextTurn()) {
    const { sql, values } = indexedPart({ ...query, ...(after && { after }) });
    const slice = await read(
      `SELECT * FROM ledger ${indexFor(query)} ${sql} ORDER BY issued_at DESC, serial DESC LIMIT ${PAGE_ROWS}`,
      values,
    );
    for (const columns of slice) {
      if (out.length === limit) return out;
      if (isMeant(columns)) out.push(ledgerFromColumns(columns));
    }
    const last = slice.at(-1);
    if (!last || slice.length < PAGE_ROWS) return out;
    after = { issuedAt: Number(last['issued_at']), serial: String(last['serial']) };
  }
}

/** Left to itself the planner may read everything in the order of the answer to find the few rows of one ID. */
function indexFor({ serial, spiffeId }: LedgerQuery): string {
  if (serial !== undefined) return '';
  return spiffeId === undefined ? 'INDEXED BY ledger_by_issue' : 'INDEXED BY ledger_by_id';
}

/** What an index answers, in SQL with `?`. */
function indexedPart(query: LedgerQuery): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  const terms: [string, SQLInputValue | undefined][] = [
    ['serial = ?', query.serial],
    ['spiffe_id = ?', query.spiffeId],
    ['issued_at >= ?', query.issuedFrom],
    ['issued_at < ?', query.issuedUntil],
  ];
  const given = terms.filter((term): term is [string, SQLInputValue] => term[1] !== undefined);
  const { after } = query;
  const conditions = [...given.map(([sql]) => sql), ...(after ? ['(issued_at, serial) < (?, ?)'] : [])];
  return {
    sql: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`,
    values: [...given.map(([, value]) => value), ...(after ? [after.issuedAt, after.serial] : [])],
  };
}

/** The rest of the question, row by row. */
function residueOf({ authorityId, spkiSha256, kind, unexpiredAt }: LedgerQuery): (columns: Columns) => boolean {
  return (columns) =>
    (authorityId === undefined || columns['authority_id'] === authorityId) &&
    (spkiSha256 === undefined || columns['spki_sha256'] === spkiSha256) &&
    (kind === undefined || columns['kind'] === kind) &&
    (unexpiredAt === undefined || Number(columns['not_after_at']) > unexpiredAt);
}
