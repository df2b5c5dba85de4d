/**
 * TLS handshakes that failed, counted by listener and reason.
 * @module
 */
import type { HandshakeCount } from './decider-counts.ts';

/** The counts; at most 64 different ones, the rest together under the reason `other`. */
export interface HandshakeTable {
  count(listener: string, reason: string): void;
  all(): readonly HandshakeCount[];
}

const MOST_ROWS = 64;
const LONGEST_REASON = 200;
/** The reason of those that found no row. */
const OTHER_REASONS = 'other';

/** Creates an empty table. */
export function createHandshakeTable(): HandshakeTable {
  const rows = new Map<string, { listener: string; reason: string; count: number }>();
  const add = (listener: string, reason: string): boolean => {
    const key = JSON.stringify([listener, reason]);
    const row = rows.get(key);
    if (row !== undefined) row.count += 1;
    else if (rows.size < MOST_ROWS || reason === OTHER_REASONS) rows.set(key, { listener, reason, count: 1 });
    else return false;
    return true;
  };
  return {
    count(listener, reason) {
      if (!add(listener, reason.slice(0, LONGEST_REASON))) add(listener, OTHER_REASONS);
    },
    all: () => [...rows.values()].map((row) => ({ ...row })),
  };
}
