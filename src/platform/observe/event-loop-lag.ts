/**
 * The lag of the event loop, looked at closely only while there is work: a look each ten milliseconds would keep an idle process awake.
 * @module
 */
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { createBusyShare } from './busy-share.ts';

const SELDOM_MS = 1_000;
const OFTEN_MS = 10;
/**
 * Share of a second in which this thread had a core, from which the next second is looked at closely. Not by the loop's own clock: on a busy
 * machine that also counts what waits for a core, and looking closely at it makes an idle process one that is always awake.
 */
const BUSY_SHARE = 0.05;

/** Watches the event loop of this process. */
export interface LagWatch extends Disposable {
  /** How late its looks were since the last call, in nanoseconds. */
  take(): RecordableHistogram;
}

/**
 * Starts watching; keeps no process alive.
 *
 * @param busyShare  how much of the time since the last call this thread has used a core
 */
export function watchEventLoopLag(busyShare: () => number = createBusyShare()): LagWatch {
  let seen = createHistogram();
  let everyMs = SELDOM_MS;
  let judgedMs = performance.now();
  const lookAgain = (): NodeJS.Timeout => {
    const dueMs = performance.now() + everyMs;
    return setTimeout(() => {
      const nowMs = performance.now();
      seen.record(Math.max(1, Math.round((nowMs - dueMs) * 1e6)));
      if (nowMs - judgedMs >= SELDOM_MS) {
        everyMs = busyShare() >= BUSY_SHARE ? OFTEN_MS : SELDOM_MS;
        judgedMs = nowMs;
      }
      timer = lookAgain();
    }, everyMs).unref();
  };
  let timer = lookAgain();
  return {
    take() {
      const taken = seen;
      seen = createHistogram();
      return taken;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
