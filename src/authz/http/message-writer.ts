/**
 * Writes a CheckRequest into memory of its own, from front to back: lengths are written behind what they count, in three bytes.
 * @module
 */

const FIRST_BYTES = 16_384;
/** Room that a length, a tag and a port may take at most. */
const MARGIN = 32;
/** A call into the runtime costs more than so many characters. */
const SHORT = 16;
/** A varint of three bytes: more than a request's head can have. */
const MOST_LENGTH = 0x1f_ffff;

/** One message at a time; what `end` returns holds until the next `begin`. */
export class MessageWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;
  /** What `end` returned last: to make one costs more than to write a short text. */
  #whole = this.#bytes.subarray(0, 0);

  begin(): void {
    this.#at = 0;
  }

  end(): Uint8Array {
    if (this.#whole.length !== this.#at) this.#whole = this.#bytes.subarray(0, this.#at);
    return this.#whole;
  }

  /** Begins a message field; the result is for `close`. */
  open(number: number): number {
    this.#room(0);
    this.#varint(number * 8 + 2);
    this.#at += 3;
    return this.#at;
  }

  /** Ends the field that `open` began. */
  close(opened: number): void {
    const length = this.#at - opened;
    if (length > MOST_LENGTH) throw new RangeError('a request cannot be that long');
    this.#bytes[opened - 3] = (length & 0x7f) | 0x80;
    this.#bytes[opened - 2] = ((length >> 7) & 0x7f) | 0x80;
    this.#bytes[opened - 1] = length >> 14;
  }

  /** A string of bytes. */
  text(number: number, value: string): void {
    this.#room(value.length);
    this.#varint(number * 8 + 2);
    this.#varint(value.length);
    if (value.length > SHORT) {
      this.#at += this.#bytes.write(value, this.#at, 'latin1');
      return;
    }
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < value.length; i++) bytes[at++] = value.charCodeAt(i);
    this.#at = at;
  }

  number(number: number, value: number): void {
    this.#room(0);
    this.#varint(number * 8);
    this.#varint(value);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #room(length: number): void {
    const needed = this.#at + length + MARGIN;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#whole = larger.subarray(0, 0);
  }
}
