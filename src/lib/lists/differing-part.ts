/**
 * Where two lists differ.
 * @module
 */

/** Where two lists begin to differ, and how many members are the same at their ends. */
export function differingPart(
  before: ArrayLike<unknown>,
  after: ArrayLike<unknown>,
): { readonly head: number; readonly tail: number } {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (head + tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { head, tail };
}
