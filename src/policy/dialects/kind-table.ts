/**
 * Which documents are read, by API group and kind.
 * @module
 */
import type { KindReader } from './contribution.ts';

export interface KindTable {
  /** The reader of a kind, or undefined. */
  readerOf(group: string, kind: string): KindReader | undefined;
  /**
   * The kinds that are read of a group, if this kind is not among them and should be: a misspelt kind is refused, not skipped.
   * Empty: the document is none of our business.
   */
  meantInstead(group: string, kind: string): readonly string[];
}

const joined = new WeakMap<KindTable, WeakMap<KindTable, KindTable>>();

/** Reads what either table reads: the first one's reader where both have one. The same tables make the same table. */
export function joinKindTables(one: KindTable, other: KindTable): KindTable {
  if (one === other) return one;
  const known = joined.get(one) ?? new WeakMap<KindTable, KindTable>();
  joined.set(one, known);
  const made = known.get(other) ?? {
    readerOf: (group: string, kind: string) => one.readerOf(group, kind) ?? other.readerOf(group, kind),
    meantInstead: (group: string, kind: string) => [
      ...new Set([...one.meantInstead(group, kind), ...other.meantInstead(group, kind)]),
    ],
  };
  known.set(other, made);
  return made;
}

/**
 * Makes a table of readers.
 *
 * @param elsewhere  per group, kinds that exist and are none of our business; a group that is not named here skips what it does not know
 */
export function createKindTable(
  readers: readonly KindReader[],
  elsewhere: Readonly<Record<string, readonly string[]>>,
): KindTable {
  const byKind = new Map(readers.map((reader) => [`${reader.group}/${reader.kind}`, reader]));
  return {
    readerOf: (group, kind) => byKind.get(`${group}/${kind}`),
    meantInstead(group, kind) {
      const known = elsewhere[group];
      if (known === undefined || known.includes(kind)) return [];
      return readers.filter((reader) => reader.group === group).map((reader) => reader.kind);
    },
  };
}
