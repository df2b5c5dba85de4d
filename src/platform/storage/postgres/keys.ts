/**
 * Wrapped keys in PostgreSQL, by trust domain.
 * @module
 */
import type { Sql } from 'postgres';
import type { KeyBlobs } from '../../../identity/authority/keys/signer.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { Guard } from './guard.ts';

/** Begins the id of a key that was moved aside. */
const ORPHANED = 'orphaned/';

/** The keys of a trust domain. What PostgreSQL throws becomes `store_unavailable`, by `guarded`. */
export function keysOver(sql: Sql, trustDomain: TrustDomain, guarded: Guard): KeyBlobs {
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
