/**
 * When the latest SVID of each SPIFFE ID expires, for the metrics that alert when renewal has stopped.
 * @module
 */

export interface SvidBook {
  /** An SVID is out. */
  note(spiffeId: string, notAfterAt: number): void;
  /** Takes out the IDs whose latest SVID has expired; answers how many. Whoever calls has noted all that is out. */
  takeLapsed(nowMs: number): number;
  /** Until the first of the latest SVIDs expires, of the IDs that count. Undefined: none of them has one that is valid. */
  secondsToFirstExpiry(nowMs: number, counts: (spiffeId: string) => boolean): number | undefined;
}

/** Creates an empty book. */
export function createSvidBook(): SvidBook {
  const latest = new Map<string, number>();
  return {
    note: (spiffeId, notAfterAt) => void latest.set(spiffeId, Math.max(notAfterAt, latest.get(spiffeId) ?? 0)),
    takeLapsed(nowMs) {
      const lapsed = [...latest].filter(([, at]) => at <= nowMs);
      for (const [spiffeId] of lapsed) latest.delete(spiffeId);
      return lapsed.length;
    },
    secondsToFirstExpiry(nowMs, counts) {
      let first: number | undefined;
      for (const [spiffeId, at] of latest)
        if (at > nowMs && (first === undefined || at < first) && counts(spiffeId)) first = at;
      return first === undefined ? undefined : (first - nowMs) / 1000;
    },
  };
}
