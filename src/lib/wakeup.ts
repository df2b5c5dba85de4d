/**
 * Lets one loop sleep until something happened.
 * @module
 */

/** Remembers one wake-up, however many there were, until the next wait. */
export interface Wakeup {
  /** Ends the wait now, or makes the next one return at once. */
  wake(): void;
  /** Resolves at the next wake-up, or when `signal` aborts, which is the same one every time; never rejects. */
  wait(signal: AbortSignal): Promise<void>;
}

/** Creates a Wakeup for one waiter. */
export function createWakeup(): Wakeup {
  return new OneWakeup();
}

/** There may be tens of thousands: it is one object, and listens to its signal once. */
class OneWakeup implements Wakeup {
  #isAwake = false;
  #listening = false;
  #resume: (() => void) | undefined;
  /** A property, so that it can be passed as a callback. */
  readonly wake = (): void => {
    const resume = this.#resume;
    this.#isAwake = resume === undefined;
    this.#resume = undefined;
    resume?.();
  };

  wait(signal: AbortSignal): Promise<void> {
    if (!this.#listening) signal.addEventListener('abort', this.wake);
    this.#listening = true;
    return new Promise((resolve) => {
      const isOver = this.#isAwake || signal.aborted;
      this.#isAwake = false;
      if (isOver) resolve();
      else this.#resume = resolve;
    });
  }
}
