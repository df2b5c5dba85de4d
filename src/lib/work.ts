/**
 * Long work that lets others in between: a generator that yields wherever it may be interrupted.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

export type Work<T> = Generator<void, T, void>;

/** Does the work in one go. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Does the work in slices of about `sliceMs`, everything else that waits being done in between.
 *
 * @param isWanted  asked before each slice; once it says no the work is dropped
 */
export async function finishInSlices<T>(
  work: Work<T>,
  sliceMs: number,
  isWanted: () => boolean,
): Promise<T | undefined> {
  while (isWanted()) {
    const until = performance.now() + sliceMs;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (performance.now() < until);
    await nextTurn();
  }
  return undefined;
}
