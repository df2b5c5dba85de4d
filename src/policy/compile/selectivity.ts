/**
 * Measures, over the rules that are to be filed, how much a key tells them apart.
 * @module
 */
import type { Expr } from '../model.ts';
import { forEachKey, type Key } from './anchor.ts';

/** The share of rules that a request which hits this key must look at, about: 0 to 1. Comparable within one measurement only. */
export type CostOf = (key: Key) => number;

interface Measured {
  readonly condition: Expr;
  readonly unknownHolds: boolean;
}

interface Counted {
  readonly exact: Map<string, number>;
  /** Values of prefixes (suffixes are reversed), sorted once counting is done. */
  readonly ordered: Map<string, string[]>;
}

/** Counts the keys of all rules; a key that few rules share is cheap, a presence test is dear. */
export function measureSelectivity(rules: readonly Measured[]): CostOf {
  const counted: Counted = { exact: new Map(), ordered: new Map() };
  for (const { condition, unknownHolds } of rules) forEachKey(condition, unknownHolds, (key) => count(counted, key));
  for (const values of counted.ordered.values()) values.sort();
  const total = Math.max(1, rules.length);
  return (key) => Math.min(1, sharedBy(counted, key) / total + surcharge(key));
}

function count(counted: Counted, key: Key): void {
  const list = orderedName(key);
  if (list !== undefined) {
    const values = counted.ordered.get(list);
    if (values === undefined) counted.ordered.set(list, [orderedValue(key)]);
    else values.push(orderedValue(key));
    return;
  }
  const name = nameOf(key);
  counted.exact.set(name, (counted.exact.get(name) ?? 0) + 1);
}

/** How many rules a request meets along with this key: those of the same key, and those of every longer prefix. */
function sharedBy(counted: Counted, key: Key): number {
  const list = orderedName(key);
  if (list === undefined) return counted.exact.get(nameOf(key)) ?? 0;
  const values = counted.ordered.get(list) ?? [];
  const value = orderedValue(key);
  return firstAtLeast(values, `${value}\uffff`) - firstAtLeast(values, value);
}

/** What a key costs for being hit by almost every request, and for the walk. */
function surcharge(key: Key): number {
  if (key.of === 'port') return 0.0004;
  if (key.of === 'address')
    return key.range === undefined ? 0.5 : key.range.bits === 0 ? 1 : 0.0003 + 2 ** -key.range.bits / 2;
  switch (key.kind) {
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
      return key.value.length < 2 ? 0.9 : 0.0002;
    case 'template':
      return /[^/]/.test(key.value.replaceAll(/\{\*\*?\}/g, '')) ? 0.0003 : 0.9;
    case 'absent':
      return 0.1;
    default:
      return 0.95;
  }
}

function orderedName(key: Key): string | undefined {
  if (key.of !== 'text') return undefined;
  return /refix$|uffix$/.test(key.kind) ? `${key.dimension} ${key.kind}` : undefined;
}

function orderedValue(key: Key): string {
  if (key.of !== 'text') return '';
  return key.kind === 'suffix' || key.kind === 'foldedSuffix' ? [...key.value].reverse().join('') : key.value;
}

function nameOf(key: Key): string {
  switch (key.of) {
    case 'text':
      return `${key.dimension} ${key.kind} ${key.value}`;
    case 'address':
      return `${key.dimension} ${key.range === undefined ? '' : `${key.range.bytes.join('.')}/${key.range.bits}`}`;
    default:
      return `${key.dimension} ${key.port}`;
  }
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
