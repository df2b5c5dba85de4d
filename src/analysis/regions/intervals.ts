/**
 * Sets of numbers as intervals, such as ports.
 * @module
 */
import { type Domain, EMPTY, remembered } from './domain.ts';

/** Both ends included. */
export type Interval = readonly [lo: number, hi: number];

/** Sets of numbers from `lo` to `hi`. */
export interface IntervalDomain extends Domain {
  /** The set of what lies in the intervals, as far as it is in the domain. */
  of(intervals: readonly Interval[]): number;
  /** Sorted, apart, and not side by side. */
  intervalsOf(set: number): readonly Interval[];
}

/** Creates the domain of the numbers between two, both included. */
export function intervalDomain(lo: number, hi: number): IntervalDomain {
  const sets: (readonly Interval[])[] = [[]];
  const numbers = new Map<string, number>([['', EMPTY]]);
  const interned = (intervals: readonly Interval[]): number => {
    const key = intervals.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = sets.length;
      numbers.set(key, number);
      sets.push(intervals);
    }
    return number;
  };
  const of = (intervals: readonly Interval[]): number =>
    interned(
      merged(
        intervals.flatMap(([from, to]): Interval[] =>
          Math.max(from, lo) > Math.min(to, hi) ? [] : [[Math.max(from, lo), Math.min(to, hi)]],
        ),
      ),
    );
  const full = of([[lo, hi]]);
  const intersected = (a: readonly Interval[], b: readonly Interval[]): Interval[] =>
    a.flatMap(([from, to]) =>
      b.flatMap(([start, end]): Interval[] =>
        Math.max(from, start) > Math.min(to, end) ? [] : [[Math.max(from, start), Math.min(to, end)]],
      ),
    );
  const and = remembered((a, b) => interned(intersected(sets[a]!, sets[b]!)));
  return {
    full,
    of,
    intervalsOf: (set) => sets[set]!,
    and,
    or: remembered((a, b) => interned(merged([...sets[a]!, ...sets[b]!]))),
    minus: remembered((a, b) => interned(intersected(sets[a]!, gapsOf(sets[b]!, lo, hi)))),
  };
}

function merged(intervals: readonly Interval[]): Interval[] {
  const out: [number, number][] = [];
  for (const [from, to] of intervals.toSorted(([a], [b]) => a - b)) {
    const last = out.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

/** What lies between intervals. */
export function gapsOf(intervals: readonly Interval[], lo: number, hi: number): Interval[] {
  const out: Interval[] = [];
  let at = lo;
  for (const [from, to] of intervals) {
    if (from > at) out.push([at, from - 1]);
    at = to + 1;
  }
  if (at <= hi) out.push([at, hi]);
  return out;
}
