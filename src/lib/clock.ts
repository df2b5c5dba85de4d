/**
 * Time, injected, so that tests can own it.
 * @module
 */

/** Milliseconds since 1970-01-01 UTC. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
