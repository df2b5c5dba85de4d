/**
 * Numbers for things in an order, with room between them: what is put between two others gets a number there, and nobody else's changes.
 * @module
 */

import type { ListEdit } from './list-edit.ts';

/** Small enough to be compared as integers everywhere. */
const MOST = 2 ** 30;
/** What is put at the end gets numbers so far apart, so that much can follow. */
const STEP = 4096;

/** Returns so many rising numbers above `low` and below `high`, as far apart as can be; undefined if there is no room. */
export function spacedNumbers(count: number, low = 0, high = MOST): number[] | undefined {
  const gap = Math.floor((high - low) / (count + 1));
  return gap < 1 || low + gap * count >= high
    ? undefined
    : Array.from({ length: count }, (_, i) => low + gap * (i + 1));
}

/**
 * Numbers between those of their neighbours for the values that came to a list; undefined if there is no room, or those that stayed
 * changed places.
 */
export function placesBetween<T>(
  list: readonly T[],
  { came, from, to }: Pick<ListEdit<T>, 'came' | 'from' | 'to'>,
  placeOf: (value: T) => number,
): ReadonlyMap<T, number> | undefined {
  const out = new Map<T, number>();
  let run: T[] = [];
  let low = from === 0 ? undefined : placeOf(list[from - 1]!);
  const close = (high: number | undefined): boolean => {
    const numbers = spacedNumbers(run.length, low, high ?? Math.min(MOST, (low ?? 0) + STEP * (run.length + 1)));
    if (numbers === undefined) return false;
    for (const [i, value] of run.entries()) out.set(value, numbers[i]!);
    run = [];
    return true;
  };
  for (const value of list.slice(from, to)) {
    if (came.has(value)) {
      run.push(value);
      continue;
    }
    const place = placeOf(value);
    if ((low !== undefined && place <= low) || !close(place)) return undefined;
    low = place;
  }
  return close(to < list.length ? placeOf(list[to]!) : undefined) ? out : undefined;
}
