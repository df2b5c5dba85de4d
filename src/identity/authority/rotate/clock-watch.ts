/**
 * Says whether the clock can be believed enough to forget by it.
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';

export interface ClockWatch {
  /**
   * Looks, and says whether nothing was heard of a leap for an hour: not since the start, nor since the clock last went another
   * way than the time that passed. Until then nothing that was only used up or has expired may be dropped for good.
   */
  isSteady(): boolean;
}

export interface ClockWatchDeps {
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets, from wherever it began. */
  readonly monotonicMs: () => number;
}

const STEADY_AFTER_MS = 60 * 60_000;
const LEAP_MS = 60_000;

/** Creates the watch; the hour begins now. A minute gained in many small steps is a leap too. */
export function createClockWatch({ clock, monotonicMs }: ClockWatchDeps): ClockWatch {
  let sinceMs = monotonicMs();
  let aheadMs = clock.now() - sinceMs;
  return {
    isSteady() {
      const passedMs = monotonicMs();
      const ahead = clock.now() - passedMs;
      if (Math.abs(ahead - aheadMs) > LEAP_MS) {
        aheadMs = ahead;
        sinceMs = passedMs;
      }
      return passedMs - sinceMs >= STEADY_AFTER_MS;
    },
  };
}
