/**
 * The authority's state in PostgreSQL: one row a trust domain, replaced only where its version is still the one that was read.
 * @module
 */
import type { Sql } from 'postgres';
import { stateFromText, stateToText } from '../../../identity/authority/store/state.ts';
import type { AuthorityStore, StateChange, VersionedState } from '../../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { Guard } from './guard.ts';
import { auditToRecord, revocationToRecord } from './rows.ts';

async function readState(sql: Sql, trustDomain: TrustDomain): Promise<VersionedState> {
  const [row] = await sql`SELECT version, document FROM gatehouse_state WHERE trust_domain = ${trustDomain}`;
  return {
    version: Number(row?.['version'] ?? 0),
    state: row ? stateFromText(String(row['document'])) : undefined,
  };
}

/** The state of a trust domain. */
export function stateOver(sql: Sql, trustDomain: TrustDomain, guarded: Guard): Pick<AuthorityStore, 'load' | 'change'> {
  /** Writes all that a step wants, if the state still has the version from which it went out. */
  const write = async (version: number, next: number, { state, audit, revocations }: StateChange): Promise<boolean> => {
    const [written] = await sql`
      WITH written AS (
        ${
          version === 0
            ? sql`INSERT INTO gatehouse_state SELECT ${trustDomain}, ${next}, ${stateToText(state)} WHERE ${next} > 0
                ON CONFLICT (trust_domain) DO NOTHING RETURNING 1`
            : sql`UPDATE gatehouse_state SET version = ${next}, document = ${stateToText(state)}
                WHERE trust_domain = ${trustDomain} AND version = ${version} RETURNING 1`
        }),
      audited AS (
        INSERT INTO gatehouse_audit (trust_domain, at, who, verb, use, authority_id, reason, result)
        SELECT ${trustDomain}, a.* FROM json_to_recordset(${JSON.stringify(audit ? [auditToRecord(audit)] : [])}::text::json)
          AS a(at bigint, who text, verb text, use text, authority_id text, reason text, result text)
        WHERE EXISTS (SELECT 1 FROM written)),
      revoked AS (
        INSERT INTO gatehouse_revocations
        SELECT ${trustDomain}, v.* FROM json_to_recordset(${JSON.stringify((revocations ?? []).map(revocationToRecord))}::text::json)
          AS v(kind text, value text, authority_id text, reason text, revoked_at bigint, not_after_at bigint)
        WHERE EXISTS (SELECT 1 FROM written)
        ON CONFLICT (trust_domain, kind, value) DO UPDATE SET authority_id = excluded.authority_id, reason = excluded.reason,
          revoked_at = excluded.revoked_at, not_after_at = excluded.not_after_at)
      SELECT count(*) AS n FROM written`;
    return Number(written?.['n']) === 1;
  };

  return {
    load: () => guarded(() => readState(sql, trustDomain)),
    change: (step) =>
      guarded(async () => {
        for (;;) {
          const { version, state: before } = await readState(sql, trustDomain);
          const change = step(before, version);
          const next = change.state === before ? version : version + 1;
          if (await write(version, next, change)) return { version: next, state: change.state };
        }
      }),
  };
}
