/**
 * Which documents are read, by API group and kind.
 * @module
 */
import type { KindReader } from './contribution.ts';

export interface KindTable {
  readonly readers: readonly KindReader[];
  /** Per group, kinds that exist and are none of our business; of such a group, any other kind is refused as misspelt. */
  readonly elsewhere: ReadonlyMap<string, readonly string[]>;
  /** The reader of a kind, or undefined. */
  readerOf(group: string, kind: string): KindReader | undefined;
}

/** Makes a table of readers. @param elsewhere  see `KindTable` */
export function createKindTable(
  readers: readonly KindReader[],
  elsewhere: ReadonlyMap<string, readonly string[]>,
): KindTable {
  const byKind = new Map(readers.map((reader) => [`${reader.group}/${reader.kind}`, reader]));
  return { readers, elsewhere, readerOf: (group, kind) => byKind.get(`${group}/${kind}`) };
}

const joined = new WeakMap<KindTable, WeakMap<KindTable, KindTable>>();

/** Reads what either table reads. The same tables make the same table. */
export function joinKindTables(one: KindTable, other: KindTable): KindTable {
  if (one === other) return one;
  const known = joined.get(one) ?? new WeakMap<KindTable, KindTable>();
  joined.set(one, known);
  const made =
    known.get(other) ??
    createKindTable([...new Set([...one.readers, ...other.readers])], new Map([...one.elsewhere, ...other.elsewhere]));
  known.set(other, made);
  return made;
}
