/**
 * So many at a time, and the others in their turn.
 * @module
 */

/** Lets so many pieces of work run at a time. */
export interface Turns {
  /**
   * Does the work when it is its turn.
   *
   * @throws whatever it throws; what `refused` makes when too many wait already
   */
  take<T>(work: () => Promise<T>): Promise<T>;
}

export interface TurnsSize {
  readonly atOnce: number;
  readonly waiting: number;
  /** Makes the error of who comes when so many wait. */
  readonly refused: () => Error;
}

/** Creates them; first come, first served. */
export function createTurns({ atOnce, waiting: mostWaiting, refused }: TurnsSize): Turns {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = (): Promise<void> => {
    if (running < atOnce) {
      running += 1;
      return Promise.resolve();
    }
    if (waiting.length >= mostWaiting) return Promise.reject(refused());
    return new Promise((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return {
    async take(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
