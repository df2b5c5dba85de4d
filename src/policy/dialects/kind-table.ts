/**
 * Which documents are read, by API group and kind.
 * @module
 */
import type { Place, Reporter } from '../documents/finding.ts';
import type { Value } from '../documents/value.ts';
import type { Dialect } from '../model.ts';
import type { Contribution, KindReader } from './contribution.ts';

/** A document that has neither apiVersion nor kind. */
export interface BareDocument {
  readonly dialect: Dialect;
  readonly kind: string;
  readonly name: string;
  readonly place: Place;
  /** Undefined: it cannot be read, and a finding says why. */
  readonly contribution: Contribution | undefined;
}

/** Reads documents that have neither apiVersion nor kind. */
export interface BareReader {
  /** Reports what is wrong, and whatever is no such document. */
  read(value: Value, report: Reporter): readonly BareDocument[];
}

export interface KindTable {
  readonly readers: readonly KindReader[];
  /** Per group, kinds that exist and are none of our business; of such a group, any other kind is refused as misspelt. */
  readonly elsewhere: ReadonlyMap<string, readonly string[]>;
  /** Reads what names no kind; with it, whatever is not read is refused. */
  readonly bare?: BareReader;
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
  const bare = one.bare ?? other.bare;
  const made = known.get(other) ?? {
    ...createKindTable(
      [...new Set([...one.readers, ...other.readers])],
      new Map([...one.elsewhere, ...other.elsewhere]),
    ),
    ...(bare && { bare }),
  };
  known.set(other, made);
  return made;
}
