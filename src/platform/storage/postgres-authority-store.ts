/**
 * The authority's store in PostgreSQL, shared by replicas: slots, ledger and wrapped keys, by trust domain.
 *
 * A step holds the advisory lock of its trust domain and writes the state's row; an append holds that row for share. So either
 * an append sees the step, or the step's next reader sees the append.
 * @module
 */
import postgres, { type Sql, type TransactionSql } from 'postgres';
import { GatehouseError } from '../../errors.ts';
import type { KeyBlobs } from '../../identity/authority/signer.ts';
import { stateFromText, stateToText } from '../../identity/authority/state.ts';
import type { AuthorityStore, LedgerQuery } from '../../identity/authority/store.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { auditFromColumns, consumerFromColumns, ledgerFromColumns, revocationFromColumns } from './authority-rows.ts';

const SCHEMA_VERSION = 1;
/** Any number that no other program takes: `Gate`. */
const LOCK_SPACE = 0x47617465;
const ALIVE_SECONDS = 15;

const schema = `
  CREATE TABLE gatehouse_meta (version integer NOT NULL);
  CREATE TABLE gatehouse_state (trust_domain text PRIMARY KEY, version bigint NOT NULL, document text NOT NULL);
  CREATE TABLE gatehouse_ledger (
    trust_domain text NOT NULL, serial text NOT NULL, kind text NOT NULL, spiffe_id text NOT NULL, selectors text NOT NULL,
    spki_sha256 text NOT NULL, authority_id text NOT NULL, not_before_at bigint NOT NULL, not_after_at bigint NOT NULL,
    issued_at bigint NOT NULL, channel text NOT NULL, consumer text NOT NULL, bundle_sequence bigint NOT NULL,
    PRIMARY KEY (trust_domain, serial));
  CREATE INDEX gatehouse_ledger_by_id ON gatehouse_ledger (trust_domain, spiffe_id, issued_at);
  CREATE INDEX gatehouse_ledger_by_end ON gatehouse_ledger (trust_domain, not_after_at);
  CREATE TABLE gatehouse_consumers (
    trust_domain text NOT NULL, consumer text NOT NULL, document text NOT NULL, PRIMARY KEY (trust_domain, consumer));
  CREATE TABLE gatehouse_replicas (
    trust_domain text NOT NULL, replica text NOT NULL, seen_at timestamptz NOT NULL, PRIMARY KEY (trust_domain, replica));
  CREATE TABLE gatehouse_audit (
    number bigserial PRIMARY KEY, trust_domain text NOT NULL, at bigint NOT NULL, who text NOT NULL, verb text NOT NULL,
    use text NOT NULL, authority_id text NOT NULL, reason text NOT NULL, result text NOT NULL);
  CREATE TABLE gatehouse_revocations (
    trust_domain text NOT NULL, kind text NOT NULL, value text NOT NULL, authority_id text NOT NULL, reason text NOT NULL,
    revoked_at bigint NOT NULL, not_after_at bigint NOT NULL, PRIMARY KEY (trust_domain, kind, value));
  CREATE TABLE gatehouse_keys (
    trust_domain text NOT NULL, key_id text NOT NULL, wrapped bytea NOT NULL, PRIMARY KEY (trust_domain, key_id));
  INSERT INTO gatehouse_meta VALUES (${SCHEMA_VERSION});`;

export interface PostgresStore {
  readonly store: AuthorityStore;
  /** Wrapped keys, for `createLocalKeyStore` with a key-encryption key; never give it none. */
  readonly keys: KeyBlobs;
}

/**
 * Connects, and makes the tables where they are missing.
 *
 * @param url  `postgres://user:password@host[,host…]/database`; of several hosts the one that can write is taken
 * @param deadlineMs  after so long without an answer the store counts as away
 * @throws GatehouseError `store_unavailable` when it cannot be reached; `store_unusable` when its tables are of a newer version
 */
export async function openPostgresAuthorityStore(
  url: string,
  trustDomain: TrustDomain,
  deadlineMs = 8000,
): Promise<PostgresStore> {
  const guarded = guardWith(deadlineMs);
  const sql = postgres(url, {
    max: 4,
    connect_timeout: 5,
    idle_timeout: 60,
    backoff: (attempts) => Math.min(0.1 * 2 ** attempts, 2),
    target_session_attrs: 'read-write',
    onnotice: () => undefined,
    connection: {
      application_name: 'gatehouse',
      synchronous_commit: 'on',
      statement_timeout: 10_000,
      lock_timeout: 10_000,
      idle_in_transaction_session_timeout: 10_000,
    } as object,
  });
  try {
    await guarded(() => sql.begin((tx) => migrate(tx)));
  } catch (thrown) {
    await sql.end({ timeout: 1 });
    throw thrown;
  }
  return { store: storeOver(sql, trustDomain, guarded), keys: keysOver(sql, trustDomain, guarded) };
}

async function migrate(tx: TransactionSql): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(${LOCK_SPACE}, 0)`;
  const [found] = await tx`SELECT to_regclass('gatehouse_meta') IS NOT NULL AS there`;
  if (!found?.['there']) {
    await tx.unsafe(schema);
    return;
  }
  const [meta] = await tx`SELECT version FROM gatehouse_meta`;
  const version = Number(meta?.['version'] ?? 0);
  if (version <= SCHEMA_VERSION) return;
  throw new GatehouseError(
    'store_unusable',
    `the PostgreSQL store is of version ${version}, this program knows ${SCHEMA_VERSION}; run a newer Gatehouse`,
    { version },
  );
}

type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Whatever PostgreSQL or the way to it throws is `store_unavailable`, and so is silence beyond the deadline: a server that is
 * frozen answers nothing and closes nothing. What a step throws goes through.
 */
function guardWith(deadlineMs: number): Guard {
  return async (work) => {
    const silence = Promise.withResolvers<never>();
    const timer = setTimeout(() => silence.reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    try {
      return await Promise.race([work(), silence.promise]);
    } catch (thrown) {
      if (thrown instanceof GatehouseError) throw thrown;
      const reason = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
      throw new GatehouseError(
        'store_unavailable',
        `the PostgreSQL store fails: ${reason}`,
        { reason },
        { cause: thrown },
      );
    } finally {
      clearTimeout(timer);
    }
  };
}

async function readState(sql: Sql | TransactionSql, trustDomain: TrustDomain) {
  const [row] = await sql`SELECT version, document FROM gatehouse_state WHERE trust_domain = ${trustDomain}`;
  return {
    version: Number(row?.['version'] ?? 0),
    state: row ? stateFromText(String(row['document'])) : undefined,
  };
}

function storeOver(sql: Sql, trustDomain: TrustDomain, guarded: Guard): AuthorityStore {
  /** Conditions of a ledger query; `true` where it does not say. */
  const where = (query: LedgerQuery) => sql`
    trust_domain = ${trustDomain}
    AND ${query.serial === undefined ? sql`true` : sql`serial = ${query.serial}`}
    AND ${query.spiffeId === undefined ? sql`true` : sql`spiffe_id = ${query.spiffeId}`}
    AND ${query.authorityId === undefined ? sql`true` : sql`authority_id = ${query.authorityId}`}
    AND ${query.kind === undefined ? sql`true` : sql`kind = ${query.kind}`}
    AND ${query.unexpiredAt === undefined ? sql`true` : sql`not_after_at > ${query.unexpiredAt}`}
    AND ${query.issuedFrom === undefined ? sql`true` : sql`issued_at >= ${query.issuedFrom}`}
    AND ${query.issuedUntil === undefined ? sql`true` : sql`issued_at < ${query.issuedUntil}`}`;

  return {
    shared: true,
    load: () => guarded(() => readState(sql, trustDomain)),
    change: (step) =>
      guarded(async () =>
        sql.begin(async (tx) => {
          await tx`SELECT pg_advisory_xact_lock(${LOCK_SPACE}, hashtext(${trustDomain}))`;
          // An append that runs now ends before this row is ours, and its rows are then seen by whoever asks the gate.
          await tx`SELECT 1 FROM gatehouse_state WHERE trust_domain = ${trustDomain} FOR UPDATE`;
          const { version, state: before } = await readState(tx, trustDomain);
          const { state, audit, revocations } = step(before);
          const next = state === before ? version : version + 1;
          if (next !== version) {
            await tx`INSERT INTO gatehouse_state VALUES (${trustDomain}, ${next}, ${stateToText(state)})
              ON CONFLICT (trust_domain) DO UPDATE SET version = excluded.version, document = excluded.document`;
          }
          if (audit) await tx`INSERT INTO gatehouse_audit ${tx(auditRow(trustDomain, audit))}`;
          for (const row of revocations ?? []) {
            await tx`INSERT INTO gatehouse_revocations VALUES (${trustDomain}, ${row.kind}, ${row.value}, ${row.authorityId},
                ${row.reason}, ${row.revokedAt}, ${row.notAfterAt})
              ON CONFLICT (trust_domain, kind, value) DO UPDATE SET not_after_at = excluded.not_after_at`;
          }
          return { version: next, state };
        }),
      ),
    appendLedger: (rows, consumers) =>
      guarded(async () =>
        sql.begin(async (tx) => {
          const [held] = await tx`SELECT version FROM gatehouse_state WHERE trust_domain = ${trustDomain} FOR SHARE`;
          if (rows.length > 0) {
            await tx`INSERT INTO gatehouse_ledger ${tx(
              rows.map((row) => ({
                trust_domain: trustDomain,
                serial: row.serial,
                kind: row.kind,
                spiffe_id: row.spiffeId,
                selectors: JSON.stringify(row.selectors),
                spki_sha256: row.spkiSha256,
                authority_id: row.authorityId,
                not_before_at: row.notBeforeAt,
                not_after_at: row.notAfterAt,
                issued_at: row.issuedAt,
                channel: row.channel,
                consumer: row.consumer,
                bundle_sequence: row.bundleSequence,
              })),
            )}`;
          }
          if (consumers.length > 0) {
            await tx`INSERT INTO gatehouse_consumers ${tx(
              consumers.map((each) => ({
                trust_domain: trustDomain,
                consumer: each.consumer,
                document: JSON.stringify(each),
              })),
            )} ON CONFLICT (trust_domain, consumer) DO UPDATE SET document = excluded.document`;
          }
          return Number(held?.['version'] ?? 0);
        }),
      ),
    ledger: (query) =>
      guarded(async () => {
        const rows = await sql`SELECT * FROM gatehouse_ledger WHERE ${where(query)}
          ORDER BY issued_at DESC LIMIT ${query.limit ?? 100}`;
        return rows.map(ledgerFromColumns);
      }),
    unexpiredByAuthority: (atMs) =>
      guarded(async () => {
        const rows = await sql`SELECT authority_id, count(*) AS n FROM gatehouse_ledger
          WHERE trust_domain = ${trustDomain} AND not_after_at > ${atMs} GROUP BY 1`;
        return new Map(rows.map((row) => [String(row['authority_id']), Number(row['n'])]));
      }),
    pruneLedger: (expiredBefore) =>
      guarded(async () => {
        const gone = await sql`DELETE FROM gatehouse_ledger
          WHERE trust_domain = ${trustDomain} AND not_after_at < ${expiredBefore}`;
        return gone.count;
      }),
    heartbeat: (replica) =>
      guarded(async () => {
        await sql`INSERT INTO gatehouse_replicas VALUES (${trustDomain}, ${replica}, now())
          ON CONFLICT (trust_domain, replica) DO UPDATE SET seen_at = now()`;
        const rows = await sql`SELECT replica FROM gatehouse_replicas
          WHERE trust_domain = ${trustDomain} AND seen_at > now() - make_interval(secs => ${ALIVE_SECONDS})`;
        return rows.map((row) => String(row['replica']));
      }),
    consumers: () =>
      guarded(async () => {
        const rows = await sql`SELECT document FROM gatehouse_consumers WHERE trust_domain = ${trustDomain}`;
        return rows.map(consumerFromColumns);
      }),
    removeConsumers: (names) =>
      guarded(async () => {
        await sql`DELETE FROM gatehouse_consumers WHERE trust_domain = ${trustDomain} AND consumer IN ${sql([...names])}`;
      }),
    appendAudit: (row) =>
      guarded(async () => {
        await sql`INSERT INTO gatehouse_audit ${sql(auditRow(trustDomain, row))}`;
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
    [Symbol.asyncDispose]: () => sql.end({ timeout: 2 }),
  };
}

const auditRow = (trustDomain: TrustDomain, row: Parameters<AuthorityStore['appendAudit']>[0]) => ({
  trust_domain: trustDomain,
  at: row.at,
  who: row.who,
  verb: row.verb,
  use: row.use,
  authority_id: row.authorityId,
  reason: row.reason,
  result: row.result,
});

function keysOver(sql: Sql, trustDomain: TrustDomain, guarded: Guard): KeyBlobs {
  return {
    put: (keyId, bytes) =>
      guarded(async () => {
        await sql`INSERT INTO gatehouse_keys VALUES (${trustDomain}, ${keyId}, ${Buffer.from(bytes)})`;
      }),
    get: (keyId) =>
      guarded(async () => {
        const [row] = await sql`SELECT wrapped FROM gatehouse_keys
          WHERE trust_domain = ${trustDomain} AND key_id = ${keyId}`;
        return row?.['wrapped'] as Uint8Array | undefined; // bytea comes as a Buffer
      }),
    remove: (keyId) =>
      guarded(async () => {
        await sql`DELETE FROM gatehouse_keys WHERE trust_domain = ${trustDomain} AND key_id = ${keyId}`;
      }),
    list: () =>
      guarded(async () => {
        const rows = await sql`SELECT key_id FROM gatehouse_keys WHERE trust_domain = ${trustDomain}`;
        return rows.map((row) => String(row['key_id']));
      }),
  };
}
