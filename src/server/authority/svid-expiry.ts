/**
 * When the latest SVID of each SPIFFE ID expires, for the metrics that alert when renewal has stopped. Kept by the ledger: after a
 * restart SVIDs are out although this process issued none, and with a shared store other replicas renew what this one has issued.
 * @module
 */
import type { UnexpiredRow } from '../../identity/authority/store/store.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';

/** The latest end of validity by SPIFFE ID. */
export interface SvidExpiries {
  /** An SVID was issued; `notAfterAt` in milliseconds since 1970. */
  note(spiffeId: string, notAfterAt: number): void;
  /** Takes out the IDs whose latest SVID has expired; answers how many. All that was issued must have been noted. */
  takeLapsed(nowMs: number): number;
  /** Until the first of the latest SVIDs expires, of the IDs that count. Undefined: none of them has one that is valid. */
  secondsToFirstExpiry(nowMs: number, counts: (spiffeId: string) => boolean): number | undefined;
}

/** Creates an empty index. */
export function createSvidExpiries(): SvidExpiries {
  const latest = new Map<string, number>();
  return {
    note: (spiffeId, notAfterAt) => void latest.set(spiffeId, Math.max(notAfterAt, latest.get(spiffeId) ?? 0)),
    takeLapsed(nowMs) {
      const lapsed = [...latest].filter(([, atMs]) => atMs <= nowMs);
      for (const [spiffeId] of lapsed) latest.delete(spiffeId);
      return lapsed.length;
    },
    secondsToFirstExpiry(nowMs, counts) {
      let firstMs: number | undefined;
      for (const [spiffeId, atMs] of latest)
        if (atMs > nowMs && (firstMs === undefined || atMs < firstMs) && counts(spiffeId)) firstMs = atMs;
      return firstMs === undefined ? undefined : (firstMs - nowMs) / 1000;
    },
  };
}

export interface SvidExpiryDeps {
  readonly expiries: SvidExpiries;
  /** Every row that has not expired. */
  readonly unexpired: () => AsyncIterable<readonly UnexpiredRow[]>;
  /** Other replicas issue too: the ledger is read again and again, not once. */
  readonly isShared: boolean;
  /** The IDs that are still given to somebody. */
  readonly entitled: () => ReadonlySet<string>;
  /** The shortest life that a certificate of them is given. */
  readonly ttlSeconds: () => number;
  readonly metrics: Pick<Metrics, 'setSvidExpiry' | 'setSvidTtl' | 'countLapsed'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Reading all live rows must not be our main work: at most this part of the time. */
const READ_SHARE = 50;

/** Creates the look that sets the metrics; it never throws. */
export function createSvidExpiryLook(deps: SvidExpiryDeps): () => Promise<void> {
  const { expiries, unexpired, isShared, entitled, ttlSeconds, metrics, now } = deps;
  let readAgainAtMs = 0;

  /** Whether the index now has all that was issued. */
  const read = async (): Promise<boolean> => {
    const readFromMs = performance.now();
    if (readFromMs < readAgainAtMs) return !isShared;
    try {
      for await (const page of unexpired())
        for (const { kind, spiffeId, notAfterAt } of page) if (kind === 'x509') expiries.note(spiffeId, notAfterAt);
    } catch {
      return false; // the store is away: what is known stays
    }
    readAgainAtMs = isShared
      ? performance.now() + READ_SHARE * (performance.now() - readFromMs)
      : Number.POSITIVE_INFINITY;
    return true;
  };

  return async () => {
    if (await read()) metrics.countLapsed(expiries.takeLapsed(now()));
    const ids = entitled();
    metrics.setSvidTtl(ttlSeconds());
    metrics.setSvidExpiry(expiries.secondsToFirstExpiry(now(), (id) => ids.has(id)));
  };
}
