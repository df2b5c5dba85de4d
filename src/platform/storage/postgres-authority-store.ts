/**
 * The authority's store in PostgreSQL, shared by replicas: slots, ledger and wrapped keys, by trust domain.
 *
 * Every write is one statement. A step writes the state's row only if its version is still the one that was read; an append
 * holds that row for share. So either an append sees the step, or the step's next reader sees the append. No transaction is
 * ever open between two messages, which also keeps clear of a fault of the driver: a second query on a connection that was
 * lost inside of a transaction throws where nobody can catch it.
 * @module
 */
import type { Sql } from 'postgres';
import { GatehouseError } from '../../errors.ts';
import type { KeyBlobs } from '../../identity/authority/keys/signer.ts';
import type { AuthorityStore } from '../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { backupOver } from './postgres/backup.ts';
import { guardWith } from './postgres/guard.ts';
import { createPostgresHosts } from './postgres/hosts.ts';
import { indexIfShort, indexInTime, LOCK_SPACE } from './postgres/indexes.ts';
import { keysOver } from './postgres/keys.ts';
import { ledgerOver } from './postgres/ledger.ts';
import { recordsOver, replicasOver } from './postgres/records.ts';
import { stateOver } from './postgres/state.ts';

const SCHEMA_VERSION = 1;

/** Sent as one message, and so one transaction; the lock lets replicas that start together take turns. */
const schema = `
  SELECT pg_advisory_xact_lock(${LOCK_SPACE}, 0);
  CREATE TABLE IF NOT EXISTS gatehouse_meta (version integer NOT NULL);
  CREATE TABLE IF NOT EXISTS gatehouse_state (trust_domain text PRIMARY KEY, version bigint NOT NULL, document text NOT NULL);
  CREATE TABLE IF NOT EXISTS gatehouse_ledger (
    trust_domain text NOT NULL, serial text NOT NULL, kind text NOT NULL, spiffe_id text NOT NULL, selectors text NOT NULL,
    spki_sha256 text NOT NULL, authority_id text NOT NULL, not_before_at bigint NOT NULL, not_after_at bigint NOT NULL,
    issued_at bigint NOT NULL, channel text NOT NULL, consumer text NOT NULL, bundle_sequence bigint NOT NULL,
    PRIMARY KEY (trust_domain, serial));
  CREATE INDEX IF NOT EXISTS gatehouse_ledger_by_id ON gatehouse_ledger (trust_domain, spiffe_id, issued_at);
  CREATE INDEX IF NOT EXISTS gatehouse_ledger_by_end ON gatehouse_ledger (trust_domain, not_after_at);
  CREATE TABLE IF NOT EXISTS gatehouse_consumers (
    trust_domain text NOT NULL, consumer text NOT NULL, document text NOT NULL, PRIMARY KEY (trust_domain, consumer));
  CREATE TABLE IF NOT EXISTS gatehouse_replicas (
    trust_domain text NOT NULL, replica text NOT NULL, seen_at timestamptz NOT NULL, PRIMARY KEY (trust_domain, replica));
  ALTER TABLE gatehouse_replicas ADD COLUMN IF NOT EXISTS word text NOT NULL DEFAULT '{}';
  CREATE TABLE IF NOT EXISTS gatehouse_audit (
    number bigserial PRIMARY KEY, trust_domain text NOT NULL, at bigint NOT NULL, who text NOT NULL, verb text NOT NULL,
    use text NOT NULL, authority_id text NOT NULL, reason text NOT NULL, result text NOT NULL);
  CREATE TABLE IF NOT EXISTS gatehouse_revocations (
    trust_domain text NOT NULL, kind text NOT NULL, value text NOT NULL, authority_id text NOT NULL, reason text NOT NULL,
    revoked_at bigint NOT NULL, not_after_at bigint NOT NULL, PRIMARY KEY (trust_domain, kind, value));
  CREATE TABLE IF NOT EXISTS gatehouse_keys (
    trust_domain text NOT NULL, key_id text NOT NULL, wrapped bytea NOT NULL, PRIMARY KEY (trust_domain, key_id));
  INSERT INTO gatehouse_meta SELECT ${SCHEMA_VERSION} WHERE NOT EXISTS (SELECT 1 FROM gatehouse_meta);`;

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
  const hosts = createPostgresHosts(url);
  const { sql } = hosts;
  const guarded = guardWith(hosts, deadlineMs);
  const stop = new AbortController();
  try {
    const isIndexed = await guarded(() => migrate(sql));
    if (!isIndexed) void indexInTime(sql, stop.signal);
  } catch (thrown) {
    await hosts[Symbol.asyncDispose]();
    throw thrown;
  }
  return {
    store: {
      shared: true,
      ...stateOver(sql, trustDomain, guarded),
      ...ledgerOver(sql, trustDomain, guarded),
      ...replicasOver(sql, trustDomain, guarded),
      ...recordsOver(sql, trustDomain, guarded),
      ...backupOver(sql, trustDomain, guarded),
      async [Symbol.asyncDispose]() {
        stop.abort();
        await hosts[Symbol.asyncDispose]();
      },
    },
    keys: keysOver(sql, trustDomain, guarded),
  };
}

/** Answers whether all indexes are there, too. */
async function migrate(sql: Sql): Promise<boolean> {
  const [found] = await sql`SELECT to_regclass('gatehouse_meta') IS NOT NULL AS there`;
  if (found?.['there'] === true) await refuseNewer(sql); // before anything is changed
  await sql.unsafe(schema);
  await refuseNewer(sql);
  return indexIfShort(sql);
}

async function refuseNewer(sql: Sql): Promise<void> {
  const [meta] = await sql`SELECT version FROM gatehouse_meta`;
  const version = Number(meta?.['version'] ?? 0);
  if (version <= SCHEMA_VERSION) return;
  throw new GatehouseError(
    'store_unusable',
    `the PostgreSQL store is of version ${version}, this program knows ${SCHEMA_VERSION}; run a newer Gatehouse`,
    { version },
  );
}
