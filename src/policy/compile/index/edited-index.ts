/**
 * An index over the rules of one scope that takes edits: what was built once stays, without the rows that are gone, and rows that came
 * since have small indexes of their own. When these grow too large beside it, everything is built anew.
 * @module
 */
import type { Work } from '../../../lib/work.ts';
import type { Facts } from '../../facts.ts';
import { type BuiltRows, builtRowsWork, type Row, type RuleIndex, seekRows } from './rule-index.ts';

/** Rows that came or went since everything was built, at most; and what share of all. */
const FEW = 32;
const SHARE = 1 / 64;
/** Rows that came are built into one index when there are so many; fewer are walked. */
const WALKED = 8;

interface Parts {
  readonly base: BuiltRows;
  /** Rows that came since, already in an index. */
  readonly later: BuiltRows | undefined;
  /** Rows that came last, by ordinal. */
  readonly walked: readonly Row[];
  /** Rows of the indexes that are not in force any more. */
  readonly gone: ReadonlySet<Row>;
}

/** An index whose rows can be exchanged; immutable itself. */
export interface EditedIndex extends RuleIndex {
  /** The index without some rows of its own and with others. */
  edit(gone: readonly Row[], came: readonly Row[]): Work<EditedIndex>;
}

/** Builds an index over rows in any order. @throws GatehouseError `policy_invalid` */
export function* editedIndexWork(rows: readonly Row[]): Work<EditedIndex> {
  return createIndex({ base: yield* builtRowsWork(rows), later: undefined, walked: [], gone: new Set() });
}

function createIndex(parts: Parts): EditedIndex {
  const { base, later, walked, gone } = parts;
  const left = gone.size > 0 ? gone : undefined;
  return {
    first(facts, limit) {
      let best = seekRows(base, facts, limit, left);
      if (later !== undefined) best = seekRows(later, facts, best, left);
      return walked.length === 0 ? best : firstOf(walked, facts, best);
    },
    edit: (out, came) => editWork(parts, out, came),
  };
}

function firstOf(walked: readonly Row[], facts: Facts, limit: number): number {
  for (let i = 0; i < walked.length; i++) {
    const row = walked[i]!;
    if (row.ordinal >= limit) return limit;
    if (row.holds(facts)) return row.ordinal;
  }
  return limit;
}

const byOrdinal = (a: Row, b: Row): number => a.ordinal - b.ordinal;

function* editWork({ base, later, walked, gone }: Parts, out: readonly Row[], came: readonly Row[]): Work<EditedIndex> {
  const leaving = new Set(out);
  const left = new Set([...gone, ...out]);
  // A row spoke for others of its condition; when it leaves they speak for themselves.
  const freed = out.flatMap((row) => [...(base.twinsOf(row) ?? []), ...(later?.twinsOf(row) ?? [])]);
  const last = new Set([...walked.filter((row) => !leaving.has(row)), ...came]);
  for (const row of freed) if (!left.has(row)) last.add(row);
  const since = left.size + last.size + (later?.rows.length ?? 0);
  if (since > Math.max(FEW, base.rows.length * SHARE)) {
    const all = new Set([...base.rows, ...(later?.rows ?? []), ...last]);
    for (const row of left) all.delete(row);
    return yield* editedIndexWork([...all]);
  }
  if (last.size <= WALKED) return createIndex({ base, later, walked: [...last].sort(byOrdinal), gone: left });
  const together = new Set([...(later?.rows ?? []), ...last]);
  for (const row of left) together.delete(row);
  return createIndex({ base, later: yield* builtRowsWork([...together]), walked: [], gone: left });
}
