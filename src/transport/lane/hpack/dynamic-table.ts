/**
 * HPACK's dynamic table (RFC 7541 §2.3.2, §4): the newest entry first, the oldest evicted when the size is exceeded.
 *
 * A ring over plain arrays. 32 bytes a field is its overhead by the standard, so a table of 4,096 bytes holds at most 128 fields.
 * @module
 */

const FIELD_OVERHEAD = 32;

/** Holds at most `limit` bytes as RFC 7541 §4.1 counts them. */
export class DynamicTable {
  /** Rises with every change: what was decoded at one version means the same as long as the version stays. */
  version = 0;
  length = 0;
  readonly #limit: number;
  readonly #mask: number;
  readonly #names: string[];
  readonly #values: string[];
  #newest = 0;
  #size = 0;
  #maxSize: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#maxSize = limit;
    let slots = 1;
    while (slots * FIELD_OVERHEAD < limit) slots *= 2;
    this.#mask = slots - 1;
    this.#names = Array.from({ length: slots }, () => '');
    this.#values = Array.from({ length: slots }, () => '');
  }

  /** Name of entry `index`, 0 being the newest; the caller has checked `index < length`. */
  name(index: number): string {
    return this.#names[(this.#newest - index) & this.#mask]!;
  }

  value(index: number): string {
    return this.#values[(this.#newest - index) & this.#mask]!;
  }

  /** Adds a field in front. One that is larger than the whole table empties it, which is no error (RFC 7541 §4.4). */
  add(name: string, value: string): void {
    const size = name.length + value.length + FIELD_OVERHEAD;
    this.version += 1;
    this.#evictTo(this.#maxSize - size);
    if (size > this.#maxSize) return;
    this.#newest = (this.#newest + 1) & this.#mask;
    this.#names[this.#newest] = name;
    this.#values[this.#newest] = value;
    this.length += 1;
    this.#size += size;
  }

  /** Takes over a size that the peer announced. False when it is above the limit (RFC 7541 §6.3). */
  resize(maxSize: number): boolean {
    if (maxSize > this.#limit) return false;
    this.version += 1;
    this.#maxSize = maxSize;
    this.#evictTo(maxSize);
    return true;
  }

  #evictTo(room: number): void {
    while (this.length > 0 && this.#size > room) {
      const oldest = (this.#newest - this.length + 1) & this.#mask;
      this.#size -= this.#names[oldest]!.length + this.#values[oldest]!.length + FIELD_OVERHEAD;
      this.#names[oldest] = '';
      this.#values[oldest] = '';
      this.length -= 1;
    }
  }
}
