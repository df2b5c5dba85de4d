/**
 * The share of the time that something beside the Checks may take, whatever it costs.
 *
 * To ask what time it is costs a tenth of a Check, so that one turn in some is timed and stands for those since the last.
 * @module
 */

/** Of the time that Checks take themselves. */
const OF_CHECKS = 0.15;
/** Of the time in which there was nothing to do: a decider that is asked seldom compares all. */
const OF_IDLE = 0.02;
/** What may be taken at once, milliseconds: code that is not compiled yet is slow. */
const MOST_MS = 50;
/** Turns between two that are timed, at most; half of it on the average, by chance, so that nothing keeps step with it. */
const MOST_TURNS = 64;
/** A turn that took longer may be dear, or have waited for the processor: it stands for itself, and of those that follow each is timed. */
export const LONG_MS = 1;
const WATCHED_TURNS = 512;

/** What says whether there is time. */
export type TimeBudget = Pick<TimeShare, 'hasSome' | 'begin' | 'take' | 'overran'>;

/** Time that may still be taken; it comes back with the time that Checks take, and slowly by itself. */
export class TimeShare {
  readonly #idleMs: () => number;
  #leftMs = MOST_MS;
  #lastIdleMs = 0;
  /** Turns since one was timed, and until one is. */
  #since = 0;
  #until = 1;
  /** Turns of which each is timed. */
  #watched = 0;

  /**
   * @param idleMs  milliseconds in which this thread has waited for something to do; those in which it waited for the processor are no such
   * time, or a busy machine would give the most to what stands beside
   */
  constructor(idleMs: () => number = () => performance.eventLoopUtilization().idle) {
    this.#idleMs = idleMs;
  }

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
   * @param checkMs  what the Check itself took @param tookMs  what stood beside took; 0: it had no turn
   */
  take(checkMs: number, tookMs: number): void {
    const earnedMs = this.#standingFor(checkMs) * OF_CHECKS;
    const isLong = tookMs > LONG_MS;
    this.#leftMs = Math.min(MOST_MS, this.#leftMs + earnedMs - this.#standingFor(tookMs));
    if (this.#leftMs < MOST_MS) this.#earnIdle();
    this.#since = 0;
    if (isLong) this.#watched = WATCHED_TURNS;
    else if (tookMs > 0 && this.#watched > 0) this.#watched--; // who pays off a debt has shown nothing
    this.#until = 1 + Math.floor(Math.random() * MOST_TURNS);
  }

  /** What a turn took and those since the last one that was timed; a long one tells nothing of the others. */
  #standingFor(ms: number): number {
    return ms > LONG_MS ? ms : this.#since * ms;
  }

  #earnIdle(): void {
    const idleMs = this.#idleMs();
    this.#leftMs = Math.min(MOST_MS, this.#leftMs + (idleMs - this.#lastIdleMs) * OF_IDLE);
    this.#lastIdleMs = idleMs;
  }

  /** Takes what a turn took that was not timed, and is known to have been long: the Check that it stood beside was. */
  overran(tookMs: number): void {
    this.#leftMs -= tookMs;
    this.#watched = WATCHED_TURNS;
  }
}
