/**
 * Finds the first rule that holds, by ordinal, without looking at rules that cannot.
 *
 * Every rule is filed under the cheapest cover of its condition (`anchor.ts`); a bucket that grows long is an index again,
 * over what is left to tell its rules apart. What an index proposes is verified by the rule's whole compiled condition.
 * @module
 */
import type { Facts } from '../facts.ts';
import type { Expr } from '../model.ts';
import { cheapestCover, type Key } from './anchor.ts';
import type { Holds } from './condition.ts';
import { createDimension, type Dimension } from './dimension.ts';
import { measureSelectivity } from './selectivity.ts';

/** One rule as the index files it. Ordinals are unique; the smallest that holds wins. */
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
const DEEPEST = 5;
/** A cover that leaves this share of the rules together is no better than walking them. */
const DEAR = 0.7;

interface Search {
  readonly facts: Facts;
  best: number;
}

export interface RuleIndex {
  /** The smallest ordinal below `limit` of a rule that holds, else `limit`. */
  first(facts: Facts, limit: number): number;
}

/** Builds an index over rows in any order. */
export function createRuleIndex(rows: readonly Row[]): RuleIndex {
  const node = buildNode(
    rows.toSorted((a, b) => a.ordinal - b.ordinal),
    0,
  );
  return {
    first(facts, limit) {
      if (node.least >= limit) return limit;
      const search: Search = { facts, best: limit };
      seek(node, search);
      return search.best;
    },
  };
}

/** Rows to walk in order of ordinal, and dimensions that lead to more nodes. */
interface Node {
  least: number;
  rows: readonly Row[];
  dimensions: readonly Dimension<Node>[];
}

function seek(node: Node, search: Search): void {
  if (node.least >= search.best) return;
  const { rows, dimensions } = node;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row.ordinal >= search.best) break;
    if (row.holds(search.facts)) {
      search.best = row.ordinal;
      break;
    }
  }
  for (let i = 0; i < dimensions.length; i++) dimensions[i]!.probe(search.facts, search, seek);
}

function buildNode(rows: readonly Row[], depth: number): Node {
  const least = rows[0]?.ordinal ?? noOrdinal;
  if (depth >= DEEPEST || rows.length <= (depth === 0 ? FEW_ROWS : LONG_BUCKET)) return { least, rows, dimensions: [] };
  const costOf = measureSelectivity(rows);
  const dimensions = new Map<string, Dimension<Node>>();
  const leaves: { readonly node: Node; readonly rows: Row[] }[] = [];
  const residue: Row[] = [];
  const rowsAt = new Map<Node, Row[]>();
  const createLeaf = (): Node => {
    const leaf: Row[] = [];
    const node: Node = { least, rows: leaf, dimensions: [] };
    leaves.push({ node, rows: leaf });
    rowsAt.set(node, leaf);
    return node;
  };
  for (const row of rows) {
    const cover = cheapestCover(row.condition, costOf, row.unknownHolds);
    if (cover === undefined || cover.cost >= DEAR) residue.push(row);
    else for (const key of cover.keys) file(row, rowsAt.get(dimensionOf(dimensions, key).at(key, createLeaf))!);
  }
  for (const leaf of leaves) Object.assign(leaf.node, buildNode(leaf.rows, depth + 1));
  return { least, rows: residue, dimensions: [...dimensions.values()] };
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
function file(row: Row, bucket: Row[]): void {
  if (bucket.at(-1) !== row) bucket.push(row);
}
