/**
 * Tells readiness, metrics and the log whether the authority can issue.
 * @module
 */
import type { ErrorCode } from '../../errors.ts';
import type { Readiness } from '../../identity/authority/issuing-readiness.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';

export interface ReadinessTargets {
  readonly board: Pick<ReadinessBoard, 'set'>;
  readonly metrics: Pick<Metrics, 'setStoreUp'>;
  readonly log: Pick<Log, 'error' | 'warn'>;
}

const codes: Partial<Record<Readiness['cause'], ErrorCode>> = { store: 'store_unavailable', keys: 'keys_unavailable' };

/** Reasons that follow each other while a database comes and goes. */
const MOST_REASONS = 20;

/** Tells them now and at every change. A reason is logged once an outage, as an error: what it means is no SVIDs. */
export function reportReadiness(readiness: Watchable<Readiness>, { board, metrics, log }: ReadinessTargets): void {
  const logged = new Set<string>();
  const tell = ({ ready, reason, cause }: Readiness): void => {
    // By a wrong clock tokens and certificates are judged wrongly, too.
    board.set('authority', reason, cause === 'clock' ? 'always needed' : 'as its part');
    metrics.setStoreUp(cause !== 'store');
    if (ready && logged.size > 0) {
      logged.clear();
      log.warn('SVIDs are issued again');
    }
    if (ready || logged.has(reason) || logged.size >= MOST_REASONS) return;
    logged.add(reason);
    log.error({ code: codes[cause] ?? 'authority_not_ready' }, `no SVIDs are issued: ${reason}`);
  };
  readiness.subscribe(tell);
  tell(readiness.value);
}
