/**
 * Revocations are never forgotten: not when the authority that is followed next is a moment behind the one before.
 * @module
 */
import type { FeedRevocations } from '../../identity/delivery/feed/feed-deps.ts';

/**
 * What holds after `heard`: the list itself, or, when it is older than the one that is held, both together without what has
 * expired, until the authority has caught up.
 */
export function neverLess(held: FeedRevocations | undefined, heard: FeedRevocations, nowMs: number): FeedRevocations {
  if (held === undefined || heard.sequence >= held.sequence) return heard;
  const rows = new Map(heard.rows.map((row) => [`${row.kind} ${row.value}`, row]));
  for (const row of held.rows) {
    const key = `${row.kind} ${row.value}`;
    if (row.notAfterAt > nowMs && !rows.has(key)) rows.set(key, row);
  }
  return { sequence: held.sequence, rows: [...rows.values()] };
}
