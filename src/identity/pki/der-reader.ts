/**
 * Reads DER strictly: definite, shortest lengths, one-byte tags, nothing beyond the end.
 * In: bytes from a peer. Out: views into them, never copies.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { tag } from './der.ts';

/** One element: its tag, its content, and its whole encoding. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly encoded: Uint8Array;
}

/** Throws what every malformed DER throws: `certificate_invalid` with `details.reason`. */
export function malformed(reason: string): never {
  throw new GatehouseError('certificate_invalid', `malformed DER: ${reason}`, { reason });
}

/** A cursor over the elements that stand in `bytes` one after the other. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The tag of the next element, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** Reads the next element; with `expected`, only one of that tag. @throws GatehouseError `certificate_invalid` */
  read(expected?: number): Element {
    const bytes = this.#bytes;
    const start = this.#at;
    const elementTag = bytes[start];
    const first = bytes[start + 1];
    if (elementTag === undefined || first === undefined) return malformed('it ends inside an element');
    if ((elementTag & 0x1f) === 0x1f) return malformed('a tag is longer than one byte');
    if (expected !== undefined && elementTag !== expected) {
      return malformed(`expected tag 0x${expected.toString(16)}, found 0x${elementTag.toString(16)}`);
    }
    const { length, contentAt } = first < 0x80 ? { length: first, contentAt: start + 2 } : this.#longLength(first);
    const end = contentAt + length;
    if (end > bytes.length) return malformed('an element is longer than what holds it');
    this.#at = end;
    return { tag: elementTag, content: bytes.subarray(contentAt, end), encoded: bytes.subarray(start, end) };
  }

  /** Reads the next element if it has that tag. */
  readIf(expected: number): Element | undefined {
    return this.nextTag === expected ? this.read(expected) : undefined;
  }

  /** Says that nothing may follow. @throws GatehouseError `certificate_invalid` */
  end(): void {
    if (!this.done) malformed('something follows the last element');
  }

  #longLength(first: number): { length: number; contentAt: number } {
    const count = first & 0x7f;
    if (count === 0 || count > 3) malformed('a length is indefinite or over 16 MiB');
    let length = 0;
    for (let index = 0; index < count; index += 1) {
      const byte = this.#bytes[this.#at + 2 + index];
      if (byte === undefined) malformed('it ends inside a length');
      length = length * 256 + byte;
    }
    if (length < 0x80 || length < 256 ** (count - 1)) malformed('a length is not in its shortest form');
    return { length, contentAt: this.#at + 2 + count };
  }
}

/** Reads the one element that `bytes` hold and nothing else. */
export function readOnly(bytes: Uint8Array, expected?: number): Element {
  const reader = new DerReader(bytes);
  const element = reader.read(expected);
  reader.end();
  return element;
}

/** A cursor over the content of the next SEQUENCE. */
export function enterSequence(reader: DerReader): DerReader {
  return new DerReader(reader.read(tag.sequence).content);
}

/** The dotted form of an OBJECT IDENTIFIER's content. */
export function oidText(content: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  let started = false;
  for (const byte of content) {
    if (!started && byte === 0x80) malformed('an object identifier is not in its shortest form');
    if (value > 0xffffff) malformed('an object identifier has an arc over 2^31');
    value = value * 128 + (byte & 0x7f);
    started = (byte & 0x80) !== 0;
    if (started) continue;
    arcs.push(value);
    value = 0;
  }
  const head = arcs[0];
  if (head === undefined || started) return malformed('an object identifier is cut short');
  const top = Math.min(2, Math.floor(head / 40));
  return [top, head - top * 40, ...arcs.slice(1)].join('.');
}

/** Reads the next OBJECT IDENTIFIER in dotted form. */
export function readOid(reader: DerReader): string {
  return oidText(reader.read(tag.oid).content);
}

/** Reads the next INTEGER, which must not be negative: lower-case hex without leading zero bytes. */
export function readUnsigned(reader: DerReader): string {
  const { content } = reader.read(tag.integer);
  const [first, second] = content;
  if (first === undefined) return malformed('an integer is empty');
  if (first & 0x80) return malformed('an integer is negative');
  if (first === 0 && second !== undefined && !(second & 0x80))
    return malformed('an integer is not in its shortest form');
  return Buffer.from(first === 0 && second !== undefined ? content.subarray(1) : content).toString('hex');
}

/** Reads the next BOOLEAN, 0x00 or 0xff only. */
export function readBoolean(reader: DerReader): boolean {
  const { content } = reader.read(tag.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
    return malformed('a boolean is neither 00 nor ff');
  return content[0] === 0xff;
}

/** Reads the next BIT STRING of whole bytes. */
export function readBitString(reader: DerReader): Uint8Array {
  const { content } = reader.read(tag.bitString);
  if (content[0] !== 0) return malformed('a bit string is not of whole bytes');
  return content.subarray(1);
}

/** Reads the next Time in milliseconds since 1970 (RFC 5280 §4.1.2.5: seconds given, zone Z, no fraction). */
export function readTime(reader: DerReader): number {
  const { tag: found, content } = reader.read();
  const text = Buffer.from(content).toString('latin1');
  const match =
    found === tag.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : found === tag.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null;
  if (!match) return malformed('a time is not in the form of RFC 5280');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]; // six groups of digits
  const fullYear = found === tag.utcTime ? year + (year < 50 ? 2000 : 1900) : year;
  const at = Date.UTC(fullYear, month - 1, day, hour, minute, second);
  const date = new Date(at);
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1 || hour > 23 || minute > 59 || second > 59) {
    return malformed('a time names a day that does not exist');
  }
  return at;
}
