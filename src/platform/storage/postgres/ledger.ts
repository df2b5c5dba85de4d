/**
 * The ledger in PostgreSQL: appended in groups, read a page at a time.
 * @module
 */
import type { Sql } from 'postgres';
import type { AuthorityStore, LedgerQuery, UnexpiredRow } from '../../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { ledgerFromColumns, ledgerJsonOf, UNEXPIRED_COLUMNS, unexpiredFromColumns } from '../authority-rows.ts';
import type { Guard } from './guard.ts';
import { consumerToRecord, ledgerToRecord } from './rows.ts';

/** Behind every serial. */
const LAST_SERIAL = '\u{10ffff}';
const PAGE_ROWS = 1000;
/** Rows with all of their columns, which are then written out: fewer hold others up as long. */
const WHOLE_ROWS = 256;
const LEDGER_JSON = ledgerJsonOf('selectors::json');

/** The ledger of a trust domain. */
export function ledgerOver(
  sql: Sql,
  trustDomain: TrustDomain,
  guarded: Guard,
): Pick<AuthorityStore, 'appendLedger' | 'ledger' | 'unexpired' | 'ledgerTexts' | 'pruneLedger'> {
  /** Conditions of a ledger query; `true` where it does not say. */
  const where = (query: LedgerQuery) => sql`
    trust_domain = ${trustDomain}
    AND ${query.serial === undefined ? sql`true` : sql`serial = ${query.serial}`}
    AND ${query.spiffeId === undefined ? sql`true` : sql`spiffe_id = ${query.spiffeId}`}
    AND ${query.authorityId === undefined ? sql`true` : sql`authority_id = ${query.authorityId}`}
    AND ${query.spkiSha256 === undefined ? sql`true` : sql`spki_sha256 = ${query.spkiSha256}`}
    AND ${query.kind === undefined ? sql`true` : sql`kind = ${query.kind}`}
    AND ${query.unexpiredAt === undefined ? sql`true` : sql`not_after_at > ${query.unexpiredAt}`}
    AND ${query.issuedFrom === undefined ? sql`true` : sql`issued_at >= ${query.issuedFrom}`}
    AND ${query.issuedUntil === undefined ? sql`true` : sql`issued_at < ${query.issuedUntil}`}
    AND ${query.after === undefined ? sql`true` : sql`(issued_at, serial COLLATE "C") < (${query.after.issuedAt}, ${query.after.serial})`}`;

  return {
    appendLedger: (rows, consumers) =>
      guarded(async () => {
        const [held] = await sql`
          WITH held AS (SELECT version FROM gatehouse_state WHERE trust_domain = ${trustDomain} FOR SHARE),
          rows AS (
            INSERT INTO gatehouse_ledger
            SELECT ${trustDomain}, r.* FROM json_to_recordset(${JSON.stringify(rows.map(ledgerToRecord))}::text::json) AS r(
              serial text, kind text, spiffe_id text, selectors text, spki_sha256 text, authority_id text,
              not_before_at bigint, not_after_at bigint, issued_at bigint, channel text, consumer text,
              bundle_sequence bigint)),
          words AS (
            INSERT INTO gatehouse_consumers
            SELECT ${trustDomain}, c.* FROM json_to_recordset(${JSON.stringify(consumers.map(consumerToRecord))}::text::json)
              AS c(consumer text, document text)
            ON CONFLICT (trust_domain, consumer) DO UPDATE SET document = excluded.document)
          SELECT version FROM held`;
        return Number(held?.['version'] ?? 0);
      }),
    ledger: (query) =>
      guarded(async () => {
        const rows = await sql`SELECT * FROM gatehouse_ledger WHERE ${where(query)}
          ORDER BY issued_at DESC, serial COLLATE "C" DESC LIMIT ${query.limit ?? 100}`;
        return rows.map(ledgerFromColumns);
      }),
    async *unexpired(atMs) {
      let page: readonly UnexpiredRow[] = [];
      for (let [at, serial] = [atMs, LAST_SERIAL]; ; ) {
        page = await guarded(async () => {
          const rows = await sql`SELECT ${sql.unsafe(UNEXPIRED_COLUMNS)} FROM gatehouse_ledger
            WHERE trust_domain = ${trustDomain} AND (not_after_at, serial COLLATE "C") > (${at}, ${serial})
            ORDER BY not_after_at, serial COLLATE "C" LIMIT ${PAGE_ROWS}`;
          return rows.map(unexpiredFromColumns);
        });
        const last = page.at(-1);
        if (!last) return;
        [at, serial] = [last.notAfterAt, last.serial];
        yield page;
      }
    },
    async *ledgerTexts() {
      for (let after = ''; ; ) {
        // json_agg would write line ends between the rows.
        const [page] = await guarded(
          async () => sql`SELECT max(serial) AS last, string_agg(json_build_object(${sql.unsafe(LEDGER_JSON)})::text, ',') AS rows
            FROM (SELECT * FROM gatehouse_ledger WHERE trust_domain = ${trustDomain} AND serial > ${after}
              ORDER BY serial LIMIT ${WHOLE_ROWS}) AS page`,
        );
        if (page?.['last'] == null) return; // the largest of none
        after = String(page['last']);
        yield `[${String(page['rows'])}]`;
      }
    },
    pruneLedger: (expiredBefore) =>
      guarded(async () => {
        const gone = await sql`DELETE FROM gatehouse_ledger WHERE trust_domain = ${trustDomain} AND serial IN (
          SELECT serial FROM gatehouse_ledger WHERE trust_domain = ${trustDomain} AND not_after_at < ${expiredBefore}
          ORDER BY not_after_at LIMIT ${PAGE_ROWS})`;
        return gone.count;
      }),
  };
}
