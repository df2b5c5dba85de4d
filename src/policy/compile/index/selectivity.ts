/**
 * Measures, over the rules that are to be indexed, how well a key tells them apart.
 * @module
 */
import { sortWork, type Work } from '../../../lib/work.ts';
import type { Expr } from '../../model.ts';
import { forEachKey } from './anchor.ts';
import type { Key } from './keys.ts';

/** The share of rules that a request which hits this key must look at, about: 0 to 1. Comparable within one measurement only. */
export type CostOf = (key: Key) => number;

/** Rules that are counted without a pause. */
const ROWS_AT_ONCE = 64;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Measured {
  readonly condition: Expr;
}

/** Counts the keys of all rules; a key that few rules share is cheap, a presence test is dear. */
export function* selectivityWork(rules: readonly Measured[]): Work<CostOf> {
  const counts = new Map<string, number>();
  const ordered = new Map<string, string[]>();
  for (const [i, { condition }] of rules.entries()) {
    if (i % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) yield;
    forEachKey(condition, (key) => {
      const seen = counts.get(key.name) ?? 0;
      counts.set(key.name, seen + 1);
      if (isNested(key)) listOf(ordered, key).push(orderedValue(key));
    });
  }
  for (const [name, values] of ordered) ordered.set(name, yield* sortWork(values, byText));
  const total = Math.max(1, rules.length);
  const costs = new Map<string, number>();
  return (key) => {
    let cost = costs.get(key.name);
    if (cost === undefined) {
      const shared = isNested(key) ? countWithin(listOf(ordered, key), orderedValue(key)) : (counts.get(key.name) ?? 0);
      cost = Math.min(1, shared / total + surcharge(key));
      costs.set(key.name, cost);
    }
    return cost;
  };
}

/** Prefixes and suffixes: a request that hits a longer one hits this one too. */
function isNested({ kind }: Key): boolean {
  return kind === 'prefix' || kind === 'suffix' || kind === 'foldedPrefix' || kind === 'foldedSuffix';
}

function listOf(ordered: Map<string, string[]>, { dimension, kind }: Key): string[] {
  const name = `${kind} ${dimension}`;
  let list = ordered.get(name);
  if (list === undefined) {
    list = [];
    ordered.set(name, list);
  }
  return list;
}

function orderedValue({ kind, value }: Key): string {
  return kind === 'suffix' || kind === 'foldedSuffix' ? [...value].reverse().join('') : value;
}

/** What a key costs for being hit by almost every request, and for the walk. */
function surcharge({ kind, value, range }: Key): number {
  switch (kind) {
    case 'exact':
      return 0;
    case 'foldedExact':
      return 0.0001;
    case 'afterNs':
    case 'afterSa':
      return 0.0002;
    case 'prefix':
    case 'suffix':
    case 'foldedPrefix':
    case 'foldedSuffix':
      return value.length < 2 ? 0.9 : 0.0002;
    case 'inside':
      return 0.0005;
    case 'template':
      return /[^/]/.test(value.replaceAll(/\{\*\*?\}/g, '')) ? 0.0003 : 0.9;
    case 'range':
      return range!.bits === 0 ? 1 : 0.0003 + 2 ** -range!.bits / 2;
    case 'port':
      return 0.0004;
    case 'absent':
      return 0.1;
    default:
      return 0.95;
  }
}

/** How many of the sorted values begin with `value`. */
function countWithin(values: readonly string[], value: string): number {
  return firstAtLeast(values, `${value}\uffff`) - firstAtLeast(values, value);
}

/** The index of the first of the sorted values that is not below `wanted`. */
function firstAtLeast(values: readonly string[], wanted: string): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
