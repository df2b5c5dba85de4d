/**
 * Waiting until all decider processes have answered.
 * @module
 */
import type { Place } from './place.ts';

/** Who waits for all places. */
export interface PlaceAnswers {
  /** Looks again, for everyone who waits: a place has changed. */
  look(): void;
  /** Resolves when `done` holds for every place, looked at whenever one answers, or when the time is over. */
  until(done: (place: Place) => boolean, timeoutMs: number): Promise<void>;
}

/** Creates what waits for the answers of `places`. */
export function createPlaceAnswers(places: readonly Place[]): PlaceAnswers {
  const waiting = new Set<() => void>();
  return {
    look() {
      for (const look of [...waiting]) look();
    },
    until: (done, timeoutMs) =>
      new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        };
        const look = (): void => {
          if (places.every(done)) finish();
        };
        const timer = setTimeout(finish, timeoutMs);
        waiting.add(look);
        look();
      }),
  };
}
