/**
 * What it takes to make one list of another of nearly the same values.
 * @module
 */

/** The part of two lists in which they differ, and who is in one of them only. */
export interface ListEdit<T> {
  readonly gone: readonly T[];
  readonly came: ReadonlySet<T>;
  /** Where they begin to differ, in both. */
  readonly from: number;
  /** Where the new list goes on as the old one ends. */
  readonly to: number;
}

/** Compares two lists of distinct values, value by value; most of the time is spent where they differ. */
export function listEdit<T>(before: readonly T[], after: readonly T[]): ListEdit<T> {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from++;
  let same = 0;
  while (same < shorter - from && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  const to = after.length - same;
  const was = new Set(before.slice(from, before.length - same));
  const is = new Set(after.slice(from, to));
  return {
    gone: [...was].filter((each) => !is.has(each)),
    came: new Set([...is].filter((each) => !was.has(each))),
    from,
    to,
  };
}
