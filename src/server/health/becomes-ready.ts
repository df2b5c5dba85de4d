/**
 * Waits for the start to be over.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { Readiness } from '../../platform/observe/readiness.ts';

/** Resolves when `isEnough` says so. @throws GatehouseError `not_ready` when the time is over, `draining` when `signal` aborts */
export function becomesReady(
  state: Watchable<Readiness>,
  isEnough: (readiness: Readiness) => boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: GatehouseError): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', abort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const look = (readiness: Readiness): void => {
      if (isEnough(readiness)) finish();
    };
    const abort = (): void => finish(new GatehouseError('draining', 'stopped before it was ready'));
    const late = (): void => {
      const { waiting, degraded } = state.value;
      const parts = [...Object.entries(waiting).map(([part, reason]) => `${part}: ${reason}`), ...degraded];
      const why = parts.length > 0 ? parts.join('; ') : 'the start took longer';
      finish(new GatehouseError('not_ready', `not ready in time: ${why}`, { waiting, degraded }));
    };
    const timer = setTimeout(late, Math.max(0, timeoutMs));
    const unsubscribe = state.subscribe(look);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else if (timeoutMs <= 0) late();
    else look(state.value);
  });
}
