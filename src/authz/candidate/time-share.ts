/**
 * The share of the time that something beside the Checks may take, whatever it costs.
 *
 * To ask what time it is costs a tenth of a Check, so that one turn in some is timed and stands for those since the last.
 * @module
 */

/** Of the time that Checks take themselves. */
const OF_CHECKS = 0.15;
/** Of all time: a decider that has little to do compares all. */
const OF_ALL = 0.02;
/** What may be taken at once, milliseconds: code that is not compiled yet is slow. */
const MOST_MS = 50;
/** Turns between two that are timed, at most; half of it on the average, by chance, so that nothing keeps step with it. */
const MOST_TURNS = 64;
/** A turn that took longer may be dear, or have waited for the processor: it stands for itself, and of those that follow each is timed. */
const LONG_MS = 1;
const WATCHED_TURNS = 512;

/** What says whether there is time. */
export type TimeBudget = Pick<TimeShare, 'hasSome' | 'begin' | 'take'>;

/** Time that may still be taken; it comes back with the time that Checks take, and slowly by itself. */
export class TimeShare {
  #leftMs = MOST_MS;
  #lastMs = 0;
  /** Turns since one was timed, and until one is. */
  #since = 0;
  #until = 1;
  /** Turns of which each is timed. */
  #watched = 0;

  /** Whether there is some left. */
  get hasSome(): boolean {
    return this.#leftMs > 0;
  }

  /** Begins a turn; returns whether it is to be timed. */
  begin(): boolean {
    this.#since++;
    return --this.#until <= 0 || (this.#watched > 0 && this.#leftMs > 0);
  }

  /**
   * Takes what a timed turn took, and those since the last one: a debt is paid off before more is taken.
   *
   * @param checkMs  what the Check itself took @param nowMs  that never goes back @param tookMs  what stood beside took; 0: it had no turn
   */
  take(checkMs: number, nowMs: number, tookMs: number): void {
    const earnedMs = this.#since * checkMs * OF_CHECKS + (nowMs - this.#lastMs) * OF_ALL;
    const isLong = tookMs > LONG_MS;
    const spentMs = isLong ? tookMs : this.#since * tookMs;
    this.#leftMs = Math.min(MOST_MS, this.#leftMs + earnedMs - spentMs);
    this.#lastMs = nowMs;
    this.#since = 0;
    this.#watched = isLong ? WATCHED_TURNS : Math.max(0, this.#watched - 1);
    this.#until = 1 + Math.floor(Math.random() * MOST_TURNS);
  }
}
