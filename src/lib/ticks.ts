/**
 * Short, even ticks that many can share: waits are many short ticks, never one long timer, so that a clock that jumps is noticed.
 * @module
 */

/** A source of regular events. */
export interface Ticks {
  /** Calls `listener` at every tick until unsubscribed. Returns what unsubscribes. */
  subscribe(listener: () => void): () => void;
}

/** Creates ticks every `intervalMs` of real time; a timer runs only while there is a listener, and keeps no process alive. */
export function createTicks(intervalMs: number): Ticks {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  return {
    subscribe(listener) {
      listeners.add(listener);
      timer ??= setInterval(() => {
        for (const each of [...listeners]) each();
      }, intervalMs).unref();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
