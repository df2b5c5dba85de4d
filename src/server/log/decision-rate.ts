/**
 * How many decisions there were, and how many a second lately.
 * @module
 */
import type { CheckCounts } from '../../authz/record/counters.ts';

/** Of all deciders of this server. */
export interface DecisionRate {
  /** Adds what a decider has counted since it was asked last. */
  note(counts: readonly Pick<CheckCounts['decisions'][number], 'decision' | 'count'>[]): void;
  read(): RateReading;
}

/** Since the start, and a second over the last minute. */
export interface RateReading {
  readonly allowed: number;
  readonly denied: number;
  readonly perSecond: number;
  readonly deniedPerSecond: number;
}

const WINDOW_SECONDS = 60;

/** Begins to count. @param now  milliseconds, never set back */
export function createDecisionRate(now: () => number = () => performance.now()): DecisionRate {
  const begunMs = now();
  const total = { allow: 0, deny: 0 };
  /** One a second that had some; the slot of a second is used again a minute later. */
  const slots = Array.from({ length: WINDOW_SECONDS }, () => ({ second: -1, allow: 0, deny: 0 }));
  const slotOf = (second: number) => {
    const slot = slots[second % WINDOW_SECONDS]!;
    if (slot.second !== second) Object.assign(slot, { second, allow: 0, deny: 0 });
    return slot;
  };
  return {
    note(counts) {
      const slot = slotOf(Math.floor(now() / 1000));
      for (const { decision, count } of counts) {
        total[decision] += count;
        slot[decision] += count;
      }
    },
    read() {
      const nowMs = now();
      const second = Math.floor(nowMs / 1000);
      const seconds = Math.min(WINDOW_SECONDS, Math.max(1, (nowMs - begunMs) / 1000));
      const recent = slots.filter((slot) => slot.second > second - WINDOW_SECONDS);
      const rateOf = (decision: 'allow' | 'deny'): number =>
        recent.reduce((sum, slot) => sum + slot[decision], 0) / seconds;
      const deniedPerSecond = rateOf('deny');
      return {
        allowed: total.allow,
        denied: total.deny,
        perSecond: rateOf('allow') + deniedPerSecond,
        deniedPerSecond,
      };
    },
  };
}
