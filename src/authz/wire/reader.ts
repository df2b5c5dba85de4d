/**
 * Reads protobuf wire format in place: tags, varints, lengths. Never past the end, never a copy.
 *
 * One cursor for all: a read is synchronous and ends before the next begins.
 * @see https://protobuf.dev/programming-guides/encoding
 * @module
 */

/** Thrown for bytes that are no message; one object, because it carries nothing and its stack would cost more than a Check. */
export const malformedMessage: Error = Object.freeze(
  Object.assign(new Error('not a protobuf message'), { stack: 'MalformedMessage' }),
);

const wireType = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

const DEEPEST_GROUP = 64;

/** Where the next read begins. */
export const cursor = { at: 0 };

/** Reads a varint of at most ten bytes; returns its low 32 bits, unsigned. @throws malformedMessage @see protobuf encoding, varints */
export function readVarint(bytes: Uint8Array, end: number): number {
  let { at } = cursor;
  if (at >= end) throw malformedMessage;
  let byte = bytes[at++]!;
  if (byte < 0x80) {
    cursor.at = at;
    return byte;
  }
  let value = byte & 0x7f;
  for (let shift = 7; shift < 70; shift += 7) {
    if (at >= end) throw malformedMessage;
    byte = bytes[at++]!;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor.at = at;
      return value >>> 0;
    }
  }
  throw malformedMessage;
}

/** Reads a field's tag: number × 8 + wire type. @throws malformedMessage, also for field number 0 */
export function readTag(bytes: Uint8Array, end: number): number {
  const tag = readVarint(bytes, end);
  if (tag >>> 3 === 0) throw malformedMessage;
  return tag;
}

/** Reads a length, leaves the cursor at the first byte after it, and returns where the content ends. @throws malformedMessage */
export function readLength(bytes: Uint8Array, end: number): number {
  const length = readVarint(bytes, end);
  if (length > end - cursor.at) throw malformedMessage;
  return cursor.at + length;
}

/** Steps over the value of a field whose tag was read. @throws malformedMessage */
export function skipField(bytes: Uint8Array, end: number, tag: number, depth = 0): void {
  switch (tag & 7) {
    case wireType.varint:
      readVarint(bytes, end);
      return;
    case wireType.fixed64:
      skipBytes(8, end);
      return;
    case wireType.bytes:
      cursor.at = readLength(bytes, end);
      return;
    case wireType.startGroup:
      skipGroup(bytes, end, tag >>> 3, depth);
      return;
    case wireType.fixed32:
      skipBytes(4, end);
      return;
    default:
      throw malformedMessage;
  }
}

/** The byte string between two offsets. */
export function readText(bytes: Buffer, begin: number, end: number): string {
  return (bytes as Latin1Buffer).latin1Slice(begin, end);
}

/** Node has it, its type declarations do not; `toString('latin1', …)` ends there by a longer way. */
interface Latin1Buffer extends Buffer {
  latin1Slice(begin: number, end: number): string;
}

function skipBytes(count: number, end: number): void {
  if (end - cursor.at < count) throw malformedMessage;
  cursor.at += count;
}

function skipGroup(bytes: Uint8Array, end: number, number: number, depth: number): void {
  if (depth >= DEEPEST_GROUP) throw malformedMessage;
  for (;;) {
    const tag = readTag(bytes, end);
    if ((tag & 7) === wireType.endGroup) {
      if (tag >>> 3 !== number) throw malformedMessage;
      return;
    }
    skipField(bytes, end, tag, depth + 1);
  }
}
