/**
 * How long Checks took lately: quantiles over the buckets of the last minute.
 * @module
 */
import { latencyBounds } from '../../authz/record/counters.ts';

/** Adds the buckets of some seconds up. */
export function sumOfBuckets(some: readonly (readonly number[])[]): readonly number[] {
  const sum = new Array<number>(latencyBounds.length + 1).fill(0);
  for (const buckets of some) for (const [i, count] of buckets.entries()) sum[i]! += count;
  return sum;
}

/**
 * Finds the time that a share of the Checks did not exceed.
 *
 * @param buckets  one count a bound of `latencyBounds`, and one for the rest
 * @returns seconds: the upper bound of the bucket, of the last one its lower; null without any Check
 */
export function quantileOf(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [i, count] of buckets.entries()) {
    seen += count;
    if (seen >= share * total) return latencyBounds[i] ?? latencyBounds.at(-1)!;
  }
  return latencyBounds.at(-1)!;
}
