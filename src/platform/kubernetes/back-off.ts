/**
 * How long to wait after one failure more: longer each time, never all at once.
 * @module
 */

/** Waits that grow. */
export interface BackOff {
  /** The next wait. @param leastMs  what the other side asked for */
  nextMs(leastMs?: number): number;
  /** Begins anew: it went well for a while. */
  reset(): void;
}

/** Waits of `firstMs`, doubled up to `mostMs`; each between half and the whole of it, so that many do not come together. */
export function createBackOff(firstMs: number, mostMs: number, random: () => number = Math.random): BackOff {
  let wholeMs = firstMs;
  return {
    nextMs(leastMs = 0) {
      const jittered = wholeMs * (0.5 + random() / 2);
      wholeMs = Math.min(mostMs, wholeMs * 2);
      return leastMs > jittered ? leastMs + random() * firstMs : jittered;
    },
    reset() {
      wholeMs = firstMs;
    },
  };
}
