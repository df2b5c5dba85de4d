/**
 * Remembers what was derived from a span of bytes, so that equal bytes in the next request cost one comparison.
 * @module
 */

interface CachedSpan<T> {
  readonly bytes: Buffer;
  readonly value: T;
}

/** How many bytes of a span are looked at to find its bucket. */
const SAMPLES = 24;
const BUCKET_SIZE = 4;

/** Bounded: each bucket keeps its last few spans. Equality is decided by all bytes, never by a hash alone. */
export class SpanCache<T> {
  readonly #buckets: (CachedSpan<T>[] | undefined)[];
  readonly #mask: number;

  /** @param size  number of buckets, a power of two; at most four times as many spans are stored */
  constructor(size: number) {
    this.#buckets = new Array<CachedSpan<T>[] | undefined>(size).fill(undefined);
    this.#mask = size - 1;
  }

  /** The value for the bytes between two offsets. */
  get(bytes: Buffer, begin: number, end: number): T | undefined {
    const bucket = this.#buckets[sample(bytes, begin, end) & this.#mask];
    if (bucket === undefined) return undefined;
    for (let i = 0; i < bucket.length; i++) {
      const span = bucket[i]!;
      if (span.bytes.length === end - begin && bytes.compare(span.bytes, 0, end - begin, begin, end) === 0)
        return span.value;
    }
    return undefined;
  }

  /** Stores a value, in place of the oldest of a full bucket. */
  set(bytes: Buffer, begin: number, end: number, value: T): void {
    const at = sample(bytes, begin, end) & this.#mask;
    let bucket = this.#buckets[at];
    if (bucket === undefined) {
      bucket = [];
      this.#buckets[at] = bucket;
    }
    if (bucket.length >= BUCKET_SIZE) bucket.shift();
    bucket.push({ bytes: Buffer.from(bytes.subarray(begin, end)), value });
  }
}

function sample(bytes: Buffer, begin: number, end: number): number {
  const step = Math.max(1, ((end - begin) / SAMPLES) | 0);
  let hash = end - begin;
  for (let i = end - 1; i >= begin; i -= step) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
