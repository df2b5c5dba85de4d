/**
 * Lets one loop sleep until something happened.
 * @module
 */

/** Remembers one knock, however many there were, until somebody waits. */
export interface Wakeup {
  /** Ends the wait now, or makes the next one return at once. */
  knock(): void;
  /** Resolves at the next knock, or when `signal` aborts; never rejects. */
  wait(signal: AbortSignal): Promise<void>;
}

/** Creates a Wakeup for one waiter. */
export function createWakeup(): Wakeup {
  let knocked = false;
  let resume: (() => void) | undefined;
  return {
    knock() {
      knocked = true;
      resume?.();
    },
    wait(signal) {
      return new Promise((resolve) => {
        const done = (): void => {
          knocked = false;
          resume = undefined;
          signal.removeEventListener('abort', done);
          resolve();
        };
        if (knocked || signal.aborted) return done();
        resume = done;
        signal.addEventListener('abort', done);
      });
    },
  };
}
