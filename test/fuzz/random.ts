/**
 * Random numbers that come again with their seed.
 * @module
 */

export interface Random {
  /** A whole number from 0 up to, but not including, `below`. */
  below(below: number): number;
  /** True once in `times`. */
  once(times: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** Creates a source (the generator of Marsaglia, "Xorshift RNGs", 32 bits). @param seed  any whole number */
export function createRandom(seed: number): Random {
  let state = (Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1_e995) | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return { below, once: (times) => below(times) === 0, pick: (from) => from[below(from.length)]! };
}
