/**
 * Only so many at a time: the others wait for their turn, each within its own time.
 * @module
 */

/** Gives turns. */
export interface Turns {
  /** Resolves with what ends the turn; with undefined where it did not come in time, or too many wait already. */
  take(withinMs: number): Promise<(() => void) | undefined>;
}

/** Creates them. @param most  turns at a time @param mostWaiting  more are sent away at once */
export function createTurns(most: number, mostWaiting: number): Turns {
  let taken = 0;
  const waiting: (() => void)[] = [];
  const start = (): (() => void) => {
    taken += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      taken -= 1;
      waiting.shift()?.();
    };
  };
  return {
    take(withinMs) {
      if (taken < most) return Promise.resolve(start());
      if (waiting.length >= mostWaiting) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const go = (): void => {
          clearTimeout(timer);
          resolve(start());
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(go), 1);
          resolve(undefined);
        }, withinMs);
        waiting.push(go);
      });
    },
  };
}
