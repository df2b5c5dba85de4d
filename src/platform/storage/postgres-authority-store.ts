/**
 * The authority's store in PostgreSQL, shared by replicas: slots, ledger and wrapped keys, by trust domain.
 *
 * Every write is one statement. A step writes the state's row only if its version is still the one that was read; an append
 * holds that row for share. So either an append sees the step, or the step's next reader sees the append. No transaction is
 * ever open between two messages, which also keeps clear of a fault of the driver: a second query on a connection that was
 * lost inside of a transaction throws where nobody can catch it.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { GatehouseError } from '../../errors.ts';
import type { KeyBlobs } from '../../identity/authority/keys/signer.ts';
import { stateFromText, stateToText } from '../../identity/authority/store/state.ts';
import type {
  AuditRow,
  AuthorityStore,
  Consumer,
  LedgerQuery,
  LedgerRow,
  RevocationRow,
  StateChange,
  UnexpiredRow,
  VersionedState,
} from '../../identity/authority/store/store.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import {
  auditFromColumns,
  type Columns,
  consumerFromColumns,
  ledgerFromColumns,
  revocationFromColumns,
  UNEXPIRED_COLUMNS,
  unexpiredFromColumns,
} from './authority-rows.ts';
import { reasonOf, within } from './postgres-host.ts';
import { createPostgresHosts, type PostgresHosts } from './postgres-hosts.ts';

const SCHEMA_VERSION = 1;
/** Any number that no other program takes: `Gate`. */
const LOCK_SPACE = 0x47617465;
const ALIVE_SECONDS = 15;
const ATTEMPTS = 4;
const RETRY_MS = 20;

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
  try {
    await guarded(() => migrate(sql));
  } catch (thrown) {
    await hosts[Symbol.asyncDispose]();
    throw thrown;
  }
  const store = storeOver(sql, trustDomain, guarded);
  return {
    store: { ...store, [Symbol.asyncDispose]: () => hosts[Symbol.asyncDispose]() },
    keys: keysOver(sql, trustDomain, guarded),
  };
}

async function migrate(sql: Sql): Promise<void> {
  const [found] = await sql`SELECT to_regclass('gatehouse_meta') IS NOT NULL AS there`;
  if (found?.['there'] === true) await refuseNewer(sql); // before anything is changed
  await sql.unsafe(schema);
  await refuseNewer(sql);
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

type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Whatever PostgreSQL or the way to it throws is `store_unavailable`, and so is silence beyond the deadline: a server that is
 * frozen answers nothing and closes nothing. What certainly did nothing, at a server that is a standby by now, say, is given
 * again to the one that can write. What a step throws goes through.
 */
function guardWith(hosts: PostgresHosts, deadlineMs: number): Guard {
  return async (work) => {
    const turn = async (attempt: number): ReturnType<typeof work> => {
      await hosts.ready();
      try {
        return await work();
      } catch (thrown) {
        const again = !(thrown instanceof GatehouseError) && hosts.failed(thrown) && attempt < ATTEMPTS;
        if (!again) throw thrown;
      }
      await delay(attempt * RETRY_MS);
      return turn(attempt + 1);
    };
    try {
      return await within(deadlineMs, turn(1));
    } catch (thrown) {
      if (thrown instanceof GatehouseError) throw thrown;
      hosts.failed(thrown); // silence, too
      const reason = reasonOf(thrown);
      throw new GatehouseError(
        'store_unavailable',
        `the PostgreSQL store fails: ${reason}`,
        { reason },
        { cause: thrown },
      );
    }
  };
}

async function readState(sql: Sql, trustDomain: TrustDomain): Promise<VersionedState> {
  const [row] = await sql`SELECT version, document FROM gatehouse_state WHERE trust_domain = ${trustDomain}`;
  return {
    version: Number(row?.['version'] ?? 0),
    state: row ? stateFromText(String(row['document'])) : undefined,
  };
}

/** Behind every serial. */
const LAST_SERIAL = '\u{10ffff}';
const PAGE_ROWS = 1000;
/** Rows with all of their columns, which are then written out: fewer hold others up as long. */
const WHOLE_ROWS = 256;

function storeOver(sql: Sql, trustDomain: TrustDomain, guarded: Guard): AuthorityStore {
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
    shared: true,
    load: () => guarded(() => readState(sql, trustDomain)),
    change: (step) =>
      guarded(async () => {
        for (;;) {
          const { version, state: before } = await readState(sql, trustDomain);
          const change = step(before);
          const next = change.state === before ? version : version + 1;
          if (await write(version, next, change)) return { version: next, state: change.state };
        }
      }),
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
    async *ledgerPages() {
      for (let after = ''; ; ) {
        const page = await guarded(
          async () => sql`SELECT * FROM gatehouse_ledger WHERE trust_domain = ${trustDomain} AND serial > ${after}
            ORDER BY serial LIMIT ${WHOLE_ROWS}`,
        );
        const last = page.at(-1);
        if (!last) return;
        after = String(last['serial']);
        yield page.map(ledgerFromColumns);
      }
    },
    pruneLedger: (expiredBefore) =>
      guarded(async () => {
        const gone = await sql`DELETE FROM gatehouse_ledger WHERE trust_domain = ${trustDomain} AND serial IN (
          SELECT serial FROM gatehouse_ledger WHERE trust_domain = ${trustDomain} AND not_after_at < ${expiredBefore}
          ORDER BY not_after_at LIMIT ${PAGE_ROWS})`;
        return gone.count;
      }),
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
    [Symbol.asyncDispose]: () => sql.end({ timeout: 2 }),
  };
}

const ledgerToRecord = (row: LedgerRow) => ({
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
});

const consumerToRecord = (consumer: Consumer) => ({ consumer: consumer.consumer, document: JSON.stringify(consumer) });

const auditToRecord = (row: AuditRow) => ({
  at: row.at,
  who: row.who,
  verb: row.verb,
  use: row.use,
  authority_id: row.authorityId,
  reason: row.reason,
  result: row.result,
});

const revocationToRecord = (row: RevocationRow) => ({
  kind: row.kind,
  value: row.value,
  authority_id: row.authorityId,
  reason: row.reason,
  revoked_at: row.revokedAt,
  not_after_at: row.notAfterAt,
});

/** Begins the id of a key that was moved aside. */
const ORPHANED = 'orphaned/';

function keysOver(sql: Sql, trustDomain: TrustDomain, guarded: Guard): KeyBlobs {
  return {
    put: (keyId, bytes) =>
      guarded(async () => {
        await sql`INSERT INTO gatehouse_keys VALUES (${trustDomain}, ${keyId}, ${Buffer.from(bytes)})
          ON CONFLICT (trust_domain, key_id) DO UPDATE SET wrapped = excluded.wrapped`;
      }),
    replace: (keyId, bytes) =>
      guarded(async () => {
        await sql`UPDATE gatehouse_keys SET wrapped = ${Buffer.from(bytes)}
          WHERE trust_domain = ${trustDomain} AND key_id = ${keyId}`;
      }),
    listAside: () =>
      guarded(async () => {
        const rows = await sql`SELECT key_id FROM gatehouse_keys
          WHERE trust_domain = ${trustDomain} AND starts_with(key_id, ${ORPHANED})`;
        return rows.map((row) => String(row['key_id']));
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
    setAside: (keyId) =>
      guarded(async () => {
        const aside = `${ORPHANED}${keyId}/${Date.now()}`;
        await sql`UPDATE gatehouse_keys SET key_id = ${aside} WHERE trust_domain = ${trustDomain} AND key_id = ${keyId}`;
        return `gatehouse_keys, as ${aside}`;
      }),
    list: () =>
      guarded(async () => {
        const rows = await sql`SELECT key_id FROM gatehouse_keys
          WHERE trust_domain = ${trustDomain} AND NOT starts_with(key_id, ${ORPHANED})`;
        return rows.map((row) => String(row['key_id']));
      }),
  };
}
