/**
 * Finds the first rule that holds, by ordinal, without looking at rules that cannot.
 *
 * Every rule is indexed under the cheapest cover of its condition (`anchor.ts`); a bucket that grows long is an index again,
 * over what is left to tell its rules apart. What an index proposes is verified by the rule's whole compiled condition.
 * @module
 */
import type { Work } from '../../../lib/work.ts';
import type { Facts } from '../../facts.ts';
import type { Expr } from '../../model.ts';
import type { Holds } from '../match/condition.ts';
import { createDimension, type Dimension } from './dimension.ts';
import { createExclusions, type Exclusions } from './exclusions.ts';
import type { Key } from './keys.ts';
import { measureCovers } from './measured-covers.ts';

/** One rule as the index stores it. Ordinals are unique; the smallest that holds wins. */
export interface Row {
  readonly ordinal: number;
  readonly condition: Expr;
  readonly holds: Holds;
  /** An absent fact may make it hold (`strict`, in a stage that refuses). */
  readonly unknownHolds: boolean;
}

/** Larger than every ordinal. */
export const noOrdinal = 0x7fffffff;

/** A scope of so few rules is simply walked; so is a bucket up to the second size. */
const FEW_ROWS = 4;
const LONG_BUCKET = 12;
/** From here on it pays to find out which rows a request rules out. */
const MANY_ROWS = 48;
const DEEPEST = 5;
/** Rows that are worked on without a pause. */
export const ROWS_AT_ONCE = 64;
/** A cover that leaves this share of the rules together is no better than walking them. */
const DEAR = 0.7;

interface Search {
  readonly facts: Facts;
  best: number;
  /** Rows that do not count. */
  readonly gone: ReadonlySet<Row> | undefined;
}

/** An index over the rules of one scope. */
export interface RuleIndex {
  /** The smallest ordinal below `limit` of a rule that holds, else `limit`. */
  first(facts: Facts, limit: number): number;
}

/** Rows in an index. */
export interface BuiltRows {
  readonly rows: readonly Row[];
  readonly root: Node;
  /** The rows that one speaks for, being the first of their condition where they stand together. */
  twinsOf(row: Row): ReadonlySet<Row> | undefined;
}

/** Builds an index over rows in any order. @throws GatehouseError `policy_invalid` */
export function* builtRowsWork(rows: readonly Row[]): Work<BuiltRows> {
  const twins: Twins = new Map();
  const sorted = rows.toSorted((a, b) => a.ordinal - b.ordinal);
  const root = yield* nodeWork(sorted, 0, twins);
  return { rows, root, twinsOf: (row) => twins.get(row) };
}

/** The smallest ordinal below `limit` of a row that holds and is not among `gone`, else `limit`. */
export function seekRows({ root }: BuiltRows, facts: Facts, limit: number, gone: ReadonlySet<Row> | undefined): number {
  if (root.least >= limit) return limit;
  const search: Search = { facts, best: limit, gone };
  seek(root, search);
  return search.best;
}

type Twins = Map<Row, Set<Row>>;

/** Rows to walk in order of ordinal, and dimensions that lead to more nodes. */
interface Node {
  least: number;
  rows: readonly Row[];
  /** Tells which of the rows a request rules out, where they are many. */
  exclusions: Exclusions | undefined;
  dimensions: readonly Dimension<Node>[];
}

function seek(node: Node, search: Search): void {
  if (node.least >= search.best) return;
  const { rows, exclusions, dimensions } = node;
  if (exclusions !== undefined) seekAlive(rows, exclusions, search);
  else {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (row.ordinal >= search.best) break;
      if (row.holds(search.facts) && search.gone?.has(row) !== true) {
        search.best = row.ordinal;
        break;
      }
    }
  }
  for (let i = 0; i < dimensions.length; i++) dimensions[i]!.probe(search.facts, search, seek);
}

/** Walks the rows that are not ruled out. */
function seekAlive(rows: readonly Row[], exclusions: Exclusions, search: Search): void {
  const alive = exclusions.alive(search.facts);
  for (let word = 0; word < alive.length; word++) {
    for (let bits = alive[word]!; bits !== 0; bits &= bits - 1) {
      const row = rows[word * 32 + 31 - Math.clz32(bits & -bits)]!;
      if (row.ordinal >= search.best) return;
      if (row.holds(search.facts) && search.gone?.has(row) !== true) {
        search.best = row.ordinal;
        return;
      }
    }
  }
}

function* nodeWork(rows: readonly Row[], depth: number, twins: Twins): Work<Node> {
  const least = rows[0]?.ordinal ?? noOrdinal;
  if (depth >= DEEPEST || rows.length <= (depth === 0 ? FEW_ROWS : LONG_BUCKET)) return leafOf(least, rows, twins);
  const coverOf = yield* measureCovers(rows);
  const dimensions = new Map<string, Dimension<Node>>();
  const leaves: { readonly node: Node; readonly rows: Row[] }[] = [];
  const residue: Row[] = [];
  const rowsAt = new Map<Node, Row[]>();
  const createLeaf = (): Node => {
    const leaf: Row[] = [];
    const node: Node = { least, rows: leaf, exclusions: undefined, dimensions: [] };
    leaves.push({ node, rows: leaf });
    rowsAt.set(node, leaf);
    return node;
  };
  let seen = 0;
  for (const row of rows) {
    if (++seen % ROWS_AT_ONCE === 0) yield;
    const cover = coverOf(row);
    if (cover === undefined || cover.cost >= DEAR) residue.push(row);
    else for (const key of cover.keys) addToBucket(row, rowsAt.get(dimensionOf(dimensions, key).at(key, createLeaf))!);
  }
  for (const [i, leaf] of leaves.entries()) {
    if (i % ROWS_AT_ONCE === 0) yield;
    const isShort = leaf.rows.length <= LONG_BUCKET;
    Object.assign(
      leaf.node,
      isShort ? leafOf(leaf.rows[0]!.ordinal, leaf.rows, twins) : yield* nodeWork(leaf.rows, depth + 1, twins),
    );
  }
  return { ...leafOf(least, residue, twins), dimensions: [...dimensions.values()] };
}

/** Rows of one condition are one row: the first of them speaks for all. */
function leafOf(least: number, rows: readonly Row[], twins: Twins): Node {
  if (rows.length < MANY_ROWS) return { least, rows, exclusions: undefined, dimensions: [] };
  const firsts = new Map<string, Row>();
  for (const row of rows) {
    const text = JSON.stringify(row.condition);
    const first = firsts.get(text);
    if (first === undefined) firsts.set(text, row);
    else twins.set(first, (twins.get(first) ?? new Set()).add(row));
  }
  const distinct = [...firsts.values()];
  return { least, rows: distinct, exclusions: createExclusions(distinct), dimensions: [] };
}

function dimensionOf(dimensions: Map<string, Dimension<Node>>, key: Key): Dimension<Node> {
  let dimension = dimensions.get(key.dimension);
  if (dimension === undefined) {
    dimension = createDimension(key);
    dimensions.set(key.dimension, dimension);
  }
  return dimension;
}

/** Two keys of one rule may lead to one bucket. */
function addToBucket(row: Row, bucket: Row[]): void {
  if (bucket.at(-1) !== row) bucket.push(row);
}
