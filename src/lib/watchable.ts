/**
 * One immutable value that is replaced whole, with its subscribers.
 * @module
 */

/** A value to read now and to be told about later. Readers take `value` once and use that reference throughout. */
export interface Watchable<T> {
  readonly value: T;
  /** Calls `listener` after every replacement, in order of subscription. Returns what unsubscribes. */
  subscribe(listener: (value: T) => void): () => void;
}

/** A Watchable whose owner replaces the value. */
export interface WatchableSource<T> extends Watchable<T> {
  replace(value: T): void;
}

/** Creates a Watchable that holds `initial`. A listener that throws does not keep the others from hearing. */
export function createWatchable<T>(initial: T): WatchableSource<T> {
  const listeners = new Set<(value: T) => void>();
  let current = initial;
  return {
    get value() {
      return current;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    replace(value) {
      current = value;
      for (const listener of [...listeners]) {
        try {
          listener(value);
        } catch (thrown) {
          queueMicrotask(() => {
            throw thrown;
          });
        }
      }
    },
  };
}
