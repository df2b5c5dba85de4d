/**
 * When the latest SVID of each SPIFFE ID expires, for the metric that alerts when renewal has stopped.
 * @module
 */

export interface SvidBook {
  note(spiffeId: string, notAfterAt: number): void;
  /** Undefined: none is out that has not expired. */
  secondsToFirstExpiry(nowMs: number): number | undefined;
}

/** Creates an empty book. */
export function createSvidBook(): SvidBook {
  const latest = new Map<string, number>();
  return {
    note: (spiffeId, notAfterAt) => void latest.set(spiffeId, Math.max(notAfterAt, latest.get(spiffeId) ?? 0)),
    secondsToFirstExpiry(nowMs) {
      let first: number | undefined;
      for (const [spiffeId, at] of latest) {
        if (at <= nowMs) latest.delete(spiffeId);
        else if (first === undefined || at < first) first = at;
      }
      return first === undefined ? undefined : (first - nowMs) / 1000;
    },
  };
}
