/**
 * What else of an authority stands in PostgreSQL: replicas that live, consumers, audit and revocations.
 * @module
 */
import type { Sql } from 'postgres';
import type { AuthorityStore } from '../../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { auditFromColumns, consumerFromColumns, revocationFromColumns } from '../authority-rows.ts';
import type { Guard } from './guard.ts';
import { auditToRecord } from './rows.ts';

/** Read in a few milliseconds. */
const PAGE_ROWS = 256;
/** A replica that has not said so for this long does not live. */
const ALIVE_SECONDS = 15;

/** The replicas that share the store. */
export function replicasOver(
  sql: Sql,
  trustDomain: TrustDomain,
  guarded: Guard,
): Pick<AuthorityStore, 'heartbeat' | 'leave'> {
  return {
    heartbeat: (replica, word) =>
      guarded(async () => {
        await sql`INSERT INTO gatehouse_replicas VALUES (${trustDomain}, ${replica}, now(), ${word})
          ON CONFLICT (trust_domain, replica) DO UPDATE SET seen_at = now(), word = excluded.word`;
        const rows = await sql`SELECT replica, word FROM gatehouse_replicas
          WHERE trust_domain = ${trustDomain} AND seen_at > now() - make_interval(secs => ${ALIVE_SECONDS})`;
        return rows.map((row) => ({ replica: String(row['replica']), word: String(row['word']) }));
      }),
    leave: (replica) =>
      guarded(async () => {
        await sql`DELETE FROM gatehouse_replicas WHERE trust_domain = ${trustDomain} AND replica = ${replica}`;
      }),
  };
}

/** Consumers, audit and revocations of a trust domain. */
export function recordsOver(
  sql: Sql,
  trustDomain: TrustDomain,
  guarded: Guard,
): Pick<
  AuthorityStore,
  'consumers' | 'removeConsumers' | 'appendAudit' | 'audit' | 'revocations' | 'pruneRevocations'
> {
  return {
    async *consumers() {
      for (let after = ''; ; ) {
        const page = await guarded(
          async () => sql`SELECT consumer, document FROM gatehouse_consumers
            WHERE trust_domain = ${trustDomain} AND consumer > ${after} ORDER BY consumer LIMIT ${PAGE_ROWS}`,
        );
        const last = page.at(-1);
        if (!last) return;
        after = String(last['consumer']);
        yield page.map(consumerFromColumns);
      }
    },
    removeConsumers: (names) =>
      guarded(async () => {
        await sql`DELETE FROM gatehouse_consumers WHERE trust_domain = ${trustDomain} AND consumer IN ${sql([...names])}`;
      }),
    appendAudit: (row) =>
      guarded(async () => {
        await sql`INSERT INTO gatehouse_audit ${sql({ trust_domain: trustDomain, ...auditToRecord(row) })}`;
      }),
    audit: (limit) =>
      guarded(async () => {
        const rows = await sql`SELECT * FROM gatehouse_audit WHERE trust_domain = ${trustDomain}
          ORDER BY number DESC LIMIT ${limit}`;
        return rows.map(auditFromColumns);
      }),
    revocations: () =>
      guarded(async () => {
        const rows = await sql`SELECT * FROM gatehouse_revocations WHERE trust_domain = ${trustDomain}`;
        return rows.map(revocationFromColumns);
      }),
    pruneRevocations: (expiredBefore) =>
      guarded(async () => {
        const gone = await sql`DELETE FROM gatehouse_revocations
          WHERE trust_domain = ${trustDomain} AND not_after_at < ${expiredBefore}`;
        return gone.count;
      }),
  };
}
