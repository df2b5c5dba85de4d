/**
 * How many documents there are of each kind.
 * @module
 */
import type { Dialect } from './model.ts';

/** How many documents of a kind are loaded. */
export interface KindCount {
  readonly dialect: Dialect;
  readonly kind: string;
  readonly count: number;
}

/** Counts documents by their kind; kinds are in the order in which they come first. */
export function kindCounts(documents: Iterable<Omit<KindCount, 'count'>>): readonly KindCount[] {
  const counts: { dialect: Dialect; kind: string; count: number }[] = [];
  const byKind = new Map<string, typeof counts>();
  let last: (typeof counts)[number] | undefined; // mostly the next document is of the same kind
  for (const { dialect, kind } of documents) {
    if (last === undefined || last.kind !== kind || last.dialect !== dialect) {
      const named = byKind.get(kind) ?? [];
      byKind.set(kind, named);
      last = named.find((one) => one.dialect === dialect);
      if (last === undefined) {
        last = { dialect, kind, count: 0 };
        named.push(last);
        counts.push(last);
      }
    }
    last.count++;
  }
  return counts;
}
