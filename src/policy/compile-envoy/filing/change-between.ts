/**
 * What has come and gone between two lists, most of which is the same.
 * @module
 */

/** Values of a list that the other has not. */
export interface Change<T> {
  readonly removed: readonly T[];
  readonly added: readonly T[];
}

/**
 * Compares two lists of distinct values; those that are in both must stand in the same order.
 *
 * @param most  changes that are worth while to look at
 * @returns undefined where they do not, or where more has changed
 */
export function changeBetween<T>(before: readonly T[], now: readonly T[], most: number): Change<T> | undefined {
  const { head, tail } = sameEnds(before, now);
  const old = before.slice(head, before.length - tail);
  const fresh = now.slice(head, now.length - tail);
  const wasThere = new Set(old);
  const isThere = new Set(fresh);
  const removed = old.filter((each) => !isThere.has(each));
  const added = fresh.filter((each) => !wasThere.has(each));
  if (removed.length + added.length > most) return undefined;
  const stayed = old.filter((each) => isThere.has(each));
  let i = 0;
  for (const each of fresh) if (wasThere.has(each) && each !== stayed[i++]) return undefined;
  return { removed, added };
}

/** How many values are the same at the beginning of both lists, and how many of the others at their end. */
export function sameEnds<T>(before: readonly T[], now: readonly T[]): { readonly head: number; readonly tail: number } {
  const shorter = Math.min(before.length, now.length);
  let head = 0;
  while (head < shorter && before[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  return { head, tail };
}
