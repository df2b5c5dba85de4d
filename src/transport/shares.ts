/**
 * Shares of what is scarce: when there is room for no more, whoever holds most has to give, so that nobody keeps all by coming first.
 * @module
 */

/** Whom something counts for, and which part of him, e.g. `['uid 1000', 'pid 4711']`. */
export type Owner = readonly [who: string, part: string];

export interface Held {
  readonly owner: Owner;
}

export interface Crowd<T> {
  readonly members: readonly T[];
  /** The newcomer has less than they have together: any of them may have to go. Else only who needs nothing now. */
  readonly mustGive: boolean;
}

/** Those of `held` of which one has to go for a newcomer. */
export function crowdFor<T extends Held>(held: readonly T[], [who, part]: Owner): Crowd<T> {
  const people = Map.groupBy(held, ({ owner }) => owner[0]);
  const largest = largestOf(people);
  const own = people.get(who) ?? [];
  if (largest.length > own.length + 1) return { members: largestOf(byPart(largest)), mustGive: true };
  const parts = byPart(own);
  const largestPart = largestOf(parts);
  if (largestPart.length > (parts.get(part)?.length ?? 0) + 1) return { members: largestPart, mustGive: true };
  return { members: held.filter(({ owner }) => people.get(owner[0])!.length >= own.length), mustGive: false };
}

const byPart = <T extends Held>(held: readonly T[]): Map<string, T[]> => Map.groupBy(held, ({ owner }) => owner[1]);

function largestOf<T>(groups: ReadonlyMap<string, readonly T[]>): readonly T[] {
  let largest: readonly T[] = [];
  for (const group of groups.values()) if (group.length > largest.length) largest = group;
  return largest;
}

/** The item that has the least of something; the first of equals. */
export function leastBy<T>(items: readonly T[], measure: (item: T) => number): T | undefined {
  let least: T | undefined;
  for (const item of items) if (least === undefined || measure(item) < measure(least)) least = item;
  return least;
}
