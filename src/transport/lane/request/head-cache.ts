/**
 * Remembers what a connection's header blocks meant, since a client repeats them byte for byte.
 *
 * A block means the same again only while the dynamic table is as it was: entries are bound to the table's version, and a block
 * that itself changes the table is never kept.
 * @module
 */
import type { RequestHead } from './request-head.ts';

interface Entry<M, C> {
  /** The block is its first `length` bytes. Never part of a pool, which it would keep for as long as the connection lives. */
  bytes: Buffer;
  length: number;
  version: number;
  head: RequestHead<M, C>;
}

const ENTRIES = 8;
const LONGEST_BLOCK = 1_024;
const nothing = Buffer.alloc(0);

/** The last few blocks of one connection. */
export class HeadCache<M, C = never> {
  readonly #entries: Entry<M, C>[] = [];
  #next = 0;

  /** The head that `bytes[start, end)` was decoded to at this version of the table, if it was. */
  find(bytes: Buffer, start: number, end: number, version: number): RequestHead<M, C> | undefined {
    for (const entry of this.#entries) {
      if (entry.version === version && entry.length === end - start && sameBytes(entry.bytes, bytes, start, end)) {
        return entry.head;
      }
    }
    return undefined;
  }

  /** Keeps `head`; the caller has seen that decoding left the table's version as it was. */
  keep(bytes: Buffer, start: number, end: number, version: number, head: RequestHead<M, C>): void {
    const length = end - start;
    if (length > LONGEST_BLOCK) return;
    const entry = this.#entries[this.#next] ?? { bytes: nothing, length, version, head };
    if (entry.bytes.length < length) entry.bytes = Buffer.allocUnsafeSlow(length);
    bytes.copy(entry.bytes, 0, start, end);
    entry.length = length;
    entry.version = version;
    entry.head = head;
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % ENTRIES;
  }
}

function sameBytes(block: Buffer, bytes: Buffer, start: number, end: number): boolean {
  for (let at = end - start - 1; at >= 0; at -= 1) {
    if (block[at] !== bytes[start + at]) return false;
  }
  return true;
}
