/**
 * Keeps the metrics of SVIDs by the ledger: after a restart SVIDs are out although this process issued none, and with a shared
 * store other replicas renew what this one has issued.
 * @module
 */
import type { UnexpiredRow } from '../../identity/authority/store/store.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { SvidBook } from './latest-expiries.ts';

export interface SvidExpiryDeps {
  readonly book: SvidBook;
  /** Every row that has not expired; undefined while there is no authority. */
  readonly unexpired: () => AsyncIterable<readonly UnexpiredRow[]> | undefined;
  /** Other replicas issue too: the ledger is read again and again, not once. */
  readonly isShared: boolean;
  /** The IDs that are still given to somebody. */
  readonly entitled: () => ReadonlySet<string>;
  readonly metrics: Pick<Metrics, 'setSvidExpiry' | 'countLapsed'>;
  readonly now: () => number;
}

/** Reading all live rows must not be our main work: at most this part of the time. */
const READ_SHARE = 50;

/** Creates the look that sets the metrics; it never throws. Asked before an authority is open it knows of nothing. */
export function createSvidExpiry(deps: SvidExpiryDeps): () => Promise<void> {
  const { book, unexpired, isShared, entitled, metrics, now } = deps;
  let readAgainAt = 0;

  /** Whether the book now has all that is out. */
  const read = async (): Promise<boolean> => {
    const readFrom = performance.now();
    if (readFrom < readAgainAt) return !isShared;
    const rows = unexpired();
    if (rows === undefined) return false;
    try {
      for await (const page of rows)
        for (const { kind, spiffeId, notAfterAt, channel } of page)
          if (kind === 'x509' && channel !== 'look') book.note(spiffeId, notAfterAt); // who looks renews nothing
    } catch {
      return false; // the store is away: what is known stays
    }
    readAgainAt = isShared ? performance.now() + READ_SHARE * (performance.now() - readFrom) : Number.POSITIVE_INFINITY;
    return true;
  };

  return async () => {
    if (await read()) metrics.countLapsed(book.takeLapsed(now()));
    const ids = entitled();
    metrics.setSvidExpiry(book.secondsToFirstExpiry(now(), (id) => ids.has(id)));
  };
}
