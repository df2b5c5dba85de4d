/**
 * The latest of what comes: a list that holds so many, newest first.
 * @module
 */

/** Puts what has come, oldest first, before what was there; what is too old is let go. */
export function withNewest<T>(kept: readonly T[], came: readonly T[], most: number): readonly T[] {
  if (came.length === 0) return kept;
  const fresh = came.slice(-most).toReversed();
  return [...fresh, ...kept.slice(0, most - fresh.length)];
}
