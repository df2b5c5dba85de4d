/**
 * When the connections of a lane are looked at: often while something waits that has a deadline, else once in a while.
 * @module
 */
import type { Connection } from './connection/connection.ts';
import { isBusy, sweep } from './sweep.ts';

/** How often connections are looked at while something waits, in milliseconds. */
const BUSY_TICK_MS = 50;

/** What is looked at. */
export interface SweepTimerDeps<P> {
  readonly connections: ReadonlySet<Connection<P>>;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  /** How often they are looked at while nothing waits. */
  readonly quietTickMs: number;
}

/** Looks at all connections as long as there are any. It keeps no process alive before `hurry`. */
export interface SweepTimer {
  /** Begins, when the first connection comes. */
  start(): void;
  /** Looks soon: something waits that has a deadline. */
  soon(): void;
  /** Looks often from now on, and lets the process wait for it: the lane drains. */
  hurry(): void;
  /** Stops, when the last connection has gone. */
  stop(): void;
}

/** Creates a timer that has not started. */
export function createSweepTimer<P>({ connections, now, quietTickMs }: SweepTimerDeps<P>): SweepTimer {
  let timer: NodeJS.Timeout | undefined;
  let isQuiet = true;
  let isHurried = false;

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    isQuiet = delayMs !== BUSY_TICK_MS;
    timer = setTimeout(tick, delayMs);
    timer.unref();
  }

  function tick(): void {
    timer = undefined;
    isQuiet = true;
    const time = now();
    let busy = isHurried;
    for (const connection of connections) {
      sweep(connection, time);
      busy ||= isBusy(connection);
    }
    if (connections.size > 0) schedule(busy ? BUSY_TICK_MS : quietTickMs);
  }

  return {
    start: () => {
      if (timer === undefined) schedule(quietTickMs);
    },
    soon: () => {
      if (isQuiet) schedule(BUSY_TICK_MS);
    },
    hurry() {
      isHurried = true;
      schedule(BUSY_TICK_MS);
      timer?.ref();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
