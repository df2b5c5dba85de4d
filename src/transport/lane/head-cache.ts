/**
 * Remembers what a connection's header blocks meant, since a client repeats them byte for byte.
 *
 * A block means the same again only while the dynamic table is as it was: entries are bound to the table's version, and a block
 * that itself changes the table is never kept.
 * @module
 */
import type { RequestHead } from './request-head.ts';

interface Entry<M> {
  readonly block: Buffer;
  readonly version: number;
  readonly head: RequestHead<M>;
}

const ENTRIES = 8;
const LONGEST_BLOCK = 1_024;

export class HeadCache<M> {
  readonly #entries: Entry<M>[] = [];
  #next = 0;

  /** The head that `bytes[start, end)` was decoded to at this version of the table, if it was. */
  find(bytes: Buffer, start: number, end: number, version: number): RequestHead<M> | undefined {
    for (const entry of this.#entries) {
      if (entry.version === version && sameBytes(entry.block, bytes, start, end)) return entry.head;
    }
    return undefined;
  }

  /** Keeps `head`; the caller has seen that decoding left the table's version as it was. */
  keep(bytes: Buffer, start: number, end: number, version: number, head: RequestHead<M>): void {
    if (end - start > LONGEST_BLOCK) return;
    this.#entries[this.#next] = { block: Buffer.from(bytes.subarray(start, end)), version, head };
    this.#next = (this.#next + 1) % ENTRIES;
  }
}

function sameBytes(block: Buffer, bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (block.length !== length) return false;
  for (let at = length - 1; at >= 0; at -= 1) {
    if (block[at] !== bytes[start + at]) return false;
  }
  return true;
}
