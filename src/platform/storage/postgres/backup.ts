/**
 * The whole of an authority in PostgreSQL, read at one instant and written back.
 * @module
 */
import type { Sql } from 'postgres';
import { stateFromText, stateToText } from '../../../identity/authority/store/state.ts';
import type { AuthorityStore } from '../../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { auditFromColumns, type Columns, consumerFromColumns, revocationFromColumns } from '../authority-rows.ts';
import type { Guard } from './guard.ts';
import { auditToRecord, consumerToRecord, ledgerToRecord, revocationToRecord } from './rows.ts';

/** Reads and writes all rows of a trust domain but its keys. */
export function backupOver(
  sql: Sql,
  trustDomain: TrustDomain,
  guarded: Guard,
): Pick<AuthorityStore, 'snapshot' | 'restore'> {
  return {
    snapshot: () =>
      guarded(async () => {
        // One statement sees one instant.
        const table = (name: string, order: string) =>
          sql`(SELECT coalesce(json_agg(t ORDER BY ${sql(order)}), '[]') FROM ${sql(name)} t WHERE trust_domain = ${trustDomain})`;
        const [row] = await sql`SELECT
          (SELECT json_build_object('version', version, 'document', document) FROM gatehouse_state
            WHERE trust_domain = ${trustDomain})::text AS state,
          ${table('gatehouse_consumers', 'consumer')}::text AS consumers,
          ${table('gatehouse_audit', 'number')}::text AS audit,
          ${table('gatehouse_revocations', 'revoked_at')}::text AS revocations`;
        const rows = (name: string): Columns[] => JSON.parse(String(row?.[name] ?? '[]')); // made by json_agg
        const state = JSON.parse(String(row?.['state'] ?? 'null')) as { version: number; document: string } | null;
        return {
          version: state?.version ?? 0,
          state: state ? stateFromText(state.document) : undefined,
          consumers: rows('consumers').map(consumerFromColumns),
          audit: rows('audit').map(auditFromColumns),
          revocations: rows('revocations').map(revocationFromColumns),
        };
      }),
    async restore({ version, state, consumers, audit, revocations }, ledger) {
      const json = (values: readonly unknown[]): string => JSON.stringify(values);
      // First, and a page at a time: they change nothing by themselves, and a state never comes before what it has signed.
      for await (const page of ledger ?? [])
        await guarded(async () => {
          await sql`INSERT INTO gatehouse_ledger
            SELECT ${trustDomain}, r.* FROM json_to_recordset(${json(page.map(ledgerToRecord))}::text::json) AS r(
              serial text, kind text, spiffe_id text, selectors text, spki_sha256 text, authority_id text,
              not_before_at bigint, not_after_at bigint, issued_at bigint, channel text, consumer text,
              bundle_sequence bigint)
            ON CONFLICT DO NOTHING`;
        });
      await guarded(async () => {
        await sql`
          WITH state AS (
            INSERT INTO gatehouse_state SELECT ${trustDomain}, ${version}, ${state ? stateToText(state) : ''} WHERE ${state !== undefined}
            ON CONFLICT (trust_domain) DO UPDATE SET version = excluded.version, document = excluded.document),
          words AS (
            INSERT INTO gatehouse_consumers
            SELECT ${trustDomain}, c.* FROM json_to_recordset(${json(consumers.map(consumerToRecord))}::text::json)
              AS c(consumer text, document text)
            ON CONFLICT (trust_domain, consumer) DO UPDATE SET document = excluded.document),
          revoked AS (
            INSERT INTO gatehouse_revocations
            SELECT ${trustDomain}, v.* FROM json_to_recordset(${json(revocations.map(revocationToRecord))}::text::json)
              AS v(kind text, value text, authority_id text, reason text, revoked_at bigint, not_after_at bigint)
            ON CONFLICT (trust_domain, kind, value) DO UPDATE SET authority_id = excluded.authority_id, reason = excluded.reason,
              revoked_at = excluded.revoked_at, not_after_at = excluded.not_after_at)
          INSERT INTO gatehouse_audit (trust_domain, at, who, verb, use, authority_id, reason, result)
          SELECT ${trustDomain}, a.* FROM json_to_recordset(${json(audit.map(auditToRecord))}::text::json)
            AS a(at bigint, who text, verb text, use text, authority_id text, reason text, result text)`;
      });
    },
  };
}
