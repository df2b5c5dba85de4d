/**
 * Numbers for things in an order, with room between them: what is put between two others gets a number there, and nobody else's changes.
 * @module
 */

/** Small enough to be compared as integers everywhere. */
const MOST = 2 ** 30;

/** Returns so many rising numbers above `low` and below `high`, as far apart as can be; undefined if there is no room. */
export function spacedNumbers(count: number, low = 0, high = MOST): number[] | undefined {
  const gap = Math.floor((high - low) / (count + 1));
  return gap < 1 || low + gap * count >= high
    ? undefined
    : Array.from({ length: count }, (_, i) => low + gap * (i + 1));
}
