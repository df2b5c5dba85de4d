/**
 * Shares of what is scarce: when there is room for no more, whoever holds most has to give, so that nobody keeps all by coming first.
 * @module
 */

/** Who has something, and which part of them, e.g. `['uid 1000', 'pid 4711']`. */
export type Owner = readonly [who: string, part: string];

/** What counts to the share of an owner. */
export interface Owned {
  readonly owner: Owner;
}

/** Those of which one has to go. */
export interface Candidates<T> {
  readonly members: readonly T[];
  /** The newcomer has less than they have together: any of them may have to go. Else only one that is idle. */
  readonly mustGive: boolean;
}

/**
 * Returns those of `taken` of which one has to go for a newcomer: of whoever has most, of the newcomer's own where that is the one who has
 * most, else of all that have no less.
 */
export function candidatesFor<T extends Owned>(taken: readonly T[], [who, part]: Owner): Candidates<T> {
  const byOwner = Map.groupBy(taken, ({ owner }) => owner[0]);
  const largest = largestOf(byOwner);
  const own = byOwner.get(who) ?? [];
  if (largest.length > own.length + 1) return { members: largestOf(byPart(largest)), mustGive: true };
  const parts = byPart(own);
  const largestPart = largestOf(parts);
  if (largestPart.length > (parts.get(part)?.length ?? 0) + 1) return { members: largestPart, mustGive: true };
  return { members: taken.filter(({ owner }) => byOwner.get(owner[0])!.length >= own.length), mustGive: false };
}

const byPart = <T extends Owned>(taken: readonly T[]): Map<string, T[]> => Map.groupBy(taken, ({ owner }) => owner[1]);

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
