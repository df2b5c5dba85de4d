/**
 * Pairs of offsets in a message, kept in place from one message to the next so that nothing is allocated.
 * @module
 */

const FIRST_PAIRS = 16;

/** A list of spans; `clear` keeps its memory, which grows to the most that one message ever had. */
export class Spans {
  #offsets = new Int32Array(FIRST_PAIRS * 2);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  push(begin: number, end: number): void {
    const at = this.count * 2;
    if (at === this.#offsets.length) this.#grow();
    this.#offsets[at] = begin;
    this.#offsets[at + 1] = end;
    this.count++;
  }

  begin(index: number): number {
    return this.#offsets[index * 2]!;
  }

  end(index: number): number {
    return this.#offsets[index * 2 + 1]!;
  }

  #grow(): void {
    const larger = new Int32Array(this.#offsets.length * 2);
    larger.set(this.#offsets);
    this.#offsets = larger;
  }
}
