/**
 * A client of the admin API for a page that stays open: what it shows as its SVID is fetched again before it expires.
 * @module
 */
import type { AdminClient } from '../../admin-api/client.ts';
import { type AdminFlags, adminClient } from '../admin/admin-client.ts';

/** A client is used for less than the minute for which its SVID is good. */
const KEEP_MS = 30_000;

/** Gives the client to use now. @throws as `adminClient` */
export function createFreshClient(flags: AdminFlags): () => Promise<AdminClient> {
  let made: { readonly client: Promise<AdminClient>; readonly untilMs: number } | undefined;
  return () => {
    const nowMs = performance.now();
    if (made === undefined || made.untilMs < nowMs) {
      const client = adminClient(flags);
      made = { client, untilMs: nowMs + KEEP_MS };
      client.catch(() => {
        made = undefined; // the next one tries again
      });
    }
    return made.client;
  };
}
