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

/** How far is looked for where two lists go on alike. */
const LOOK_AHEAD = 16;

/**
 * Compares two lists of distinct values, value by value.
 *
 * What stands beside its equal, here and there in long lists, costs no more than looking at it.
 */
export function listEdit<T>(before: readonly T[], after: readonly T[]): ListEdit<T> {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from++;
  let same = 0;
  while (same < shorter - from && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  const to = after.length - same;
  const was = new Set<T>();
  const is = new Set<T>();
  apart(before, after, { from, beforeEnd: before.length - same, afterEnd: to }, was, is);
  return {
    gone: [...was].filter((each) => !is.has(each)),
    came: new Set([...is].filter((each) => !was.has(each))),
    from,
    to,
  };
}

/** Puts values apart that do not stand beside their equals; one that was moved is in both sets. */
function apart<T>(
  before: readonly T[],
  after: readonly T[],
  { from, beforeEnd, afterEnd }: { readonly from: number; readonly beforeEnd: number; readonly afterEnd: number },
  was: Set<T>,
  is: Set<T>,
): void {
  let [i, j] = [from, from];
  while (i < beforeEnd && j < afterEnd) {
    if (before[i] === after[j]) {
      i++;
      j++;
      continue;
    }
    const [left, came] = nextAlike(before, after, i, j, beforeEnd, afterEnd);
    for (const end = i + left; i < end; i++) was.add(before[i]!);
    for (const end = j + came; j < end; j++) is.add(after[j]!);
  }
  for (; i < beforeEnd; i++) was.add(before[i]!);
  for (; j < afterEnd; j++) is.add(after[j]!);
}

/** How many values of each list stand before the next that are alike; one of each where none is near. */
function nextAlike<T>(
  before: readonly T[],
  after: readonly T[],
  i: number,
  j: number,
  beforeEnd: number,
  afterEnd: number,
): readonly [left: number, came: number] {
  for (let sum = 1; sum <= LOOK_AHEAD; sum++)
    for (let left = sum; left >= 0; left--) {
      const came = sum - left;
      if (i + left < beforeEnd && j + came < afterEnd && before[i + left] === after[j + came]) return [left, came];
    }
  return [1, 1];
}
