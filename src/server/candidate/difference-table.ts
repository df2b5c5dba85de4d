/**
 * Differences of all deciders of this server between the candidate and what is in force; bounded: when there are too many kinds those that
 * come most often go first, so that the rare ones stay.
 * @module
 */
import type { DifferenceResult } from '../../authz/candidate/difference.ts';
import type { RedactedDifference } from '../../authz/candidate/redacted-difference.ts';
import type { Decision } from '../../policy/decision.ts';

/** Differences that are alike, counted. */
export interface Difference extends RedactedDifference {
  /** A name of its own as long as this candidate is compared. */
  readonly key: string;
}

/** In which order rows are wanted. */
export type DifferenceOrder = 'rarest' | 'newest' | 'most';

export interface DifferenceTable {
  add(rows: readonly RedactedDifference[], pushedOut: number): void;
  /** All rows, in that order; with `result` those alone. */
  rows(order: DifferenceOrder, result?: DifferenceResult): readonly Difference[];
  /** Differences that are in no row. */
  readonly pushedOut: number;
  clear(): void;
}

const MOST_ROWS = 1_024;
/** Of requests that are kept. */
const MOST_BYTES = 4 * 1024 * 1024;

type Changing<T> = { -readonly [K in keyof T]: T[K] };

const orders: Readonly<Record<DifferenceOrder, (a: Difference, b: Difference) => number>> = {
  rarest: (a, b) => a.count - b.count || b.lastAt - a.lastAt,
  newest: (a, b) => b.lastAt - a.lastAt,
  most: (a, b) => b.count - a.count || b.lastAt - a.lastAt,
};

/** Creates an empty table. */
export function createDifferenceTable(most: number = MOST_ROWS, mostBytes: number = MOST_BYTES): DifferenceTable {
  const rows = new Map<string, Changing<Difference>>();
  let bytes = 0;
  let pushedOut = 0;
  const sizeOf = ({ example: { request } }: RedactedDifference): number => request?.length ?? 0;
  /** An example whose request finds no room is kept without it. */
  const fitting = <T extends RedactedDifference>(row: T): T => {
    if (bytes + sizeOf(row) > mostBytes) return { ...row, example: { ...row.example, request: undefined } };
    bytes += sizeOf(row);
    return row;
  };
  const makeRoom = (): void => {
    let first: Difference | undefined;
    for (const row of rows.values()) if (first === undefined || orders.most(row, first) < 0) first = row;
    if (first === undefined) return;
    rows.delete(first.key);
    bytes -= sizeOf(first);
    pushedOut += first.count;
  };
  const addRow = (row: RedactedDifference): void => {
    const key = keyOf(row);
    const known = rows.get(key);
    if (known === undefined) {
      if (rows.size >= most) makeRoom();
      rows.set(key, { ...fitting(row), key });
      return;
    }
    known.count += row.count;
    known.firstAt = Math.min(known.firstAt, row.firstAt);
    if (row.lastAt < known.lastAt) return;
    bytes -= sizeOf(known);
    const { example, exampleTokens, candidate } = fitting(row);
    Object.assign(known, { example, exampleTokens, candidate, lastAt: row.lastAt });
  };
  return {
    add(some, more) {
      pushedOut += more;
      for (const row of some) addRow(row);
    },
    rows: (order, result) =>
      [...rows.values()]
        .filter(({ candidate }) => result === undefined || candidate.result === result)
        .sort(orders[order]),
    get pushedOut() {
      return pushedOut;
    },
    clear() {
      rows.clear();
      bytes = 0;
      pushedOut = 0;
    },
  };
}

const verdictOf = ({ effect, reason, plane, policy, rule }: Decision) => [effect, reason, plane, policy, rule];

const keyOf = ({ caller, method, candidate, example }: RedactedDifference): string =>
  JSON.stringify([
    ...[candidate.result, caller, example.destination?.spiffeId, method],
    ...[verdictOf(example.decision), verdictOf(candidate.decision)],
  ]);
