/**
 * Decodes HPACK header blocks (RFC 7541).
 * In: the bytes of one whole block. Out: one call of `sink` a field, in order. Text is byte strings (lib/byte-string).
 * @module
 */
import { DynamicTable } from './dynamic-table.ts';
import { huffmanDecode } from './huffman.ts';
import { STATIC_LENGTH, staticNames, staticValues } from './static-table.ts';

/** Receives the fields of a block. What it returns is not asked: a block is always decoded to its end, for the table's sake. */
export interface FieldSink {
  field(name: string, value: string): void;
}

/** An integer longer than this is not a length or an index of anything that fits into a block. */
const MAX_INTEGER = 1 << 24;

const nothing = Buffer.alloc(0);

/** One peer's decoding state. A block that fails leaves it useless: the connection must end (RFC 7541 §2.3.3). */
export class HpackDecoder {
  readonly table: DynamicTable;
  readonly #scratch: Buffer;
  #bytes: Buffer = nothing;
  #at = 0;
  #end = 0;
  #failed = false;

  /**
   * @param tableSize  the largest dynamic table that we let the peer use, in bytes
   * @param blockSize  the longest block that `decode` will be given, in bytes
   */
  constructor(tableSize: number, blockSize: number) {
    this.table = new DynamicTable(tableSize);
    this.#scratch = scratchOf(blockSize);
  }

  /** Decodes `bytes[start, end)`. False: the block is not valid HPACK, which is a COMPRESSION_ERROR of the connection. */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#failed = false;
    if (!this.#sizeUpdates()) return false;
    while (this.#at < this.#end) {
      const first = bytes[this.#at]!;
      if (first & 0x80) this.#indexed(sink);
      else if (first & 0x40) this.#literal(6, true, sink);
      else if (first & 0x20) return false;
      else this.#literal(4, false, sink);
      if (this.#failed) return false;
    }
    this.#bytes = nothing; // a connection that waits keeps no chunk
    return true;
  }

  /** Size updates stand at the beginning of a block only, and there are never more than two (RFC 7541 §4.2). */
  #sizeUpdates(): boolean {
    for (let count = 0; this.#at < this.#end && (this.#bytes[this.#at]! & 0xe0) === 0x20; count += 1) {
      if (count === 2) return false;
      const size = this.#integer(5);
      if (this.#failed || !this.table.resize(size)) return false;
    }
    return true;
  }

  #indexed(sink: FieldSink): void {
    const index = this.#integer(7);
    if (index > STATIC_LENGTH) {
      const dynamic = index - STATIC_LENGTH - 1;
      if (dynamic < this.table.length) sink.field(this.table.name(dynamic), this.table.value(dynamic));
      else this.#failed = true;
    } else if (index > 0) sink.field(staticNames[index]!, staticValues[index]!);
    else this.#failed = true;
  }

  #literal(prefix: number, add: boolean, sink: FieldSink): void {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#nameAt(index);
    const value = this.#string();
    if (this.#failed) return;
    if (add) this.table.add(name, value);
    sink.field(name, value);
  }

  #nameAt(index: number): string {
    if (index <= STATIC_LENGTH) return staticNames[index]!;
    const dynamic = index - STATIC_LENGTH - 1;
    if (dynamic < this.table.length) return this.table.name(dynamic);
    this.#failed = true;
    return '';
  }

  /** RFC 7541 §5.1, bounded by MAX_INTEGER and by five bytes. */
  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = this.#bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21 && this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value > MAX_INTEGER) break;
        return value;
      }
    }
    this.#failed = true;
    return 0;
  }

  #string(): string {
    if (this.#failed || this.#at >= this.#end) {
      this.#failed = true;
      return '';
    }
    const huffman = this.#bytes[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (this.#failed || end > this.#end) {
      this.#failed = true;
      return '';
    }
    this.#at = end;
    if (!huffman) return this.#bytes.toString('latin1', start, end);
    const written = huffmanDecode(this.#bytes, start, end, this.#scratch);
    if (written < 0) this.#failed = true;
    return written > 0 ? this.#scratch.toString('latin1', 0, written) : '';
  }
}

let sharedScratch = Buffer.alloc(0);

/** Huffman text at its longest is 8/5 of its code. Decoding is synchronous, so all decoders share one buffer. */
function scratchOf(blockSize: number): Buffer {
  const needed = Math.ceil((blockSize * 8) / 5) + 1;
  if (sharedScratch.length < needed) sharedScratch = Buffer.allocUnsafeSlow(needed);
  return sharedScratch;
}
