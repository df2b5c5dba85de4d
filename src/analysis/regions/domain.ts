/**
 * Sets of the values of one variable, each set one number: equal numbers, equal sets.
 * @module
 */

/** The sets of one variable's values. */
export interface Domain {
  /** All values that there are. The empty set is `EMPTY` in every domain. */
  readonly full: number;
  and(a: number, b: number): number;
  or(a: number, b: number): number;
  /** What is in `a` and not in `b`. */
  minus(a: number, b: number): number;
}

/** The number of the empty set. */
export const EMPTY = 0;

/** Sets of at most 31 values, each a bit. */
export function maskDomain(values: number): Domain {
  return {
    full: 2 ** values - 1,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    minus: (a, b) => a & ~b,
  };
}

const PAIR = 2 ** 26;

/** Some hundred megabytes; a map holds no more than 2^24. */
const MOST_REMEMBERED = 2 ** 22;

/** Remembers the outcome of an operation on two numbers below 2^26. */
export function remembered(operation: (a: number, b: number) => number): (a: number, b: number) => number {
  const known = new Map<number, number>();
  return (a, b) => {
    const key = a * PAIR + b;
    let made = known.get(key);
    if (made === undefined) {
      made = operation(a, b);
      if (known.size >= MOST_REMEMBERED) known.clear(); // it can be found out again
      known.set(key, made);
    }
    return made;
  };
}
