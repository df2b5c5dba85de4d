/**
 * HPACK's dynamic table (RFC 7541 §2.3.2, §4): the newest entry first, the oldest evicted when the size is exceeded.
 *
 * A ring over plain arrays, which grow with what the peer puts into them: most need few fields. 32 bytes a field is its overhead by
 * the standard, so a table of 4,096 bytes holds at most 128 fields.
 * @module
 */

const FIELD_OVERHEAD = 32;
const FIRST_SLOTS = 8;

/** Holds at most `limit` bytes as RFC 7541 §4.1 counts them. */
export class DynamicTable {
  /** Rises with every change: what was decoded at one version means the same as long as the version stays. */
  version = 0;
  length = 0;
  readonly #limit: number;
  #mask = FIRST_SLOTS - 1;
  #names = emptySlots(FIRST_SLOTS);
  #values = emptySlots(FIRST_SLOTS);
  #newest = 0;
  #size = 0;
  #maxSize: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#maxSize = limit;
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
    if (this.length > this.#mask) this.#grow();
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

  /** Twice as many slots, the oldest entry first. */
  #grow(): void {
    const [names, values] = [emptySlots(2 * this.length), emptySlots(2 * this.length)];
    for (let index = 0; index < this.length; index += 1) {
      names[this.length - 1 - index] = this.name(index);
      values[this.length - 1 - index] = this.value(index);
    }
    this.#newest = this.length - 1;
    this.#mask = names.length - 1;
    this.#names = names;
    this.#values = values;
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

const emptySlots = (count: number): string[] => Array.from({ length: count }, () => '');
