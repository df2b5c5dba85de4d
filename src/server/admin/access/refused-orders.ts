/**
 * Refused orders that the audit has already: nobody may fill it by asking again and again.
 * @module
 */

/** Which orders were refused a little while ago. */
export interface RefusedOrders {
  /** Whether this one was not refused within the last minute; notes it. */
  isNew(order: string): boolean;
}

const QUIET_MS = 60_000;
/** Callers are named in the configuration and routes are few; more than that is somebody's doing. */
const MOST_KEPT = 1_024;

/** Creates an empty list. @param now  milliseconds */
export function createRefusedOrders(now: () => number): RefusedOrders {
  const refusedAt = new Map<string, number>();
  return {
    isNew(order) {
      const at = now();
      for (const [each, when] of refusedAt) if (at - when >= QUIET_MS || at < when) refusedAt.delete(each);
      if (refusedAt.has(order) || refusedAt.size >= MOST_KEPT) return false;
      refusedAt.set(order, at);
      return true;
    },
  };
}
