/**
 * How many decisions there were, and how many a second lately.
 * @module
 */
import type { CheckCounts } from '../../authz/record/counters.ts';
import { quantileOf, sumOfBuckets } from './latency-window.ts';

/** Of all deciders of this server. */
export interface DecisionRate {
  /** Adds what a decider has counted since it was asked last. */
  note(
    counts: readonly Pick<CheckCounts['decisions'][number], 'decision' | 'count'>[],
    latency: CheckCounts['latency'],
  ): void;
  read(): RateReading;
}

/** Since the start, and a second over the last minute. */
export interface RateReading {
  readonly allowed: number;
  readonly denied: number;
  readonly perSecond: number;
  readonly deniedPerSecond: number;
  /** Of the Checks of the last minute, in seconds; null where there were none. */
  readonly p50Seconds: number | null;
  readonly p99Seconds: number | null;
}

const WINDOW_SECONDS = 60;

const noLatency: readonly number[] = [];
const empty = { allow: 0, deny: 0, latency: noLatency };

/** Begins to count. @param now  milliseconds, never set back */
export function createDecisionRate(now: () => number = () => performance.now()): DecisionRate {
  const begunMs = now();
  const total = { allow: 0, deny: 0 };
  /** One a second that had some; the slot of a second is used again a minute later. */
  const slots = Array.from({ length: WINDOW_SECONDS }, () => ({ ...empty, second: -1 }));
  const slotOf = (second: number) => {
    const slot = slots[second % WINDOW_SECONDS]!;
    if (slot.second !== second) Object.assign(slot, { ...empty, second });
    return slot;
  };
  return {
    note(counts, latency) {
      const slot = slotOf(Math.floor(now() / 1000));
      slot.latency = sumOfBuckets([slot.latency, latency]);
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
      const took = sumOfBuckets(recent.map((slot) => slot.latency));
      return {
        allowed: total.allow,
        denied: total.deny,
        perSecond: rateOf('allow') + deniedPerSecond,
        deniedPerSecond,
        p50Seconds: quantileOf(took, 0.5),
        p99Seconds: quantileOf(took, 0.99),
      };
    },
  };
}
