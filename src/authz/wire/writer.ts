/**
 * Writes protobuf wire format: small messages made of parts. For answers that are prepared once.
 * @module
 */

const wire = { varint: 0, fixed64: 1, bytes: 2 } as const;

/** A length-delimited field: a message, a string (UTF-8) or bytes. */
export function bytesField(number: number, ...content: readonly (Uint8Array | string)[]): Buffer {
  let length = 0;
  for (const part of content) length += typeof part === 'string' ? Buffer.byteLength(part, 'utf8') : part.length;
  const tag = number * 8 + wire.bytes;
  const out = Buffer.allocUnsafe(sizeOfVarint(tag) + sizeOfVarint(length) + length);
  let at = putVarint(out, putVarint(out, 0, tag), length);
  for (const part of content)
    if (typeof part === 'string') at += out.write(part, at, 'utf8');
    else {
      out.set(part, at);
      at += part.length;
    }
  return out;
}

/** A varint field; unlike protobuf's own writers it writes a zero too. */
export function varintField(number: number, value: number): Buffer {
  const tag = number * 8 + wire.varint;
  const out = Buffer.allocUnsafe(sizeOfVarint(tag) + sizeOfVarint(value));
  putVarint(out, putVarint(out, 0, tag), value);
  return out;
}

/** A double field. */
function doubleField(number: number, value: number): Buffer {
  const tag = number * 8 + wire.fixed64;
  const out = Buffer.allocUnsafe(sizeOfVarint(tag) + 8);
  out.writeDoubleLE(value, putVarint(out, 0, tag));
  return out;
}

function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Writes it; returns where it ends. */
function putVarint(out: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[at++] = (rest % 0x80) | 0x80;
  out[at++] = rest;
  return at;
}

/** A `google.protobuf.Struct` field of what JSON can say; undefined members are left out. */
export type StructValue = string | number | { readonly [name: string]: StructValue | undefined };

/** The fields of a Struct, to stand inside a message field. */
export function structFields(members: { readonly [name: string]: StructValue | undefined }): Buffer {
  const entries = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [bytesField(1, bytesField(1, name), bytesField(2, structValue(value)))],
  );
  return Buffer.concat(entries);
}

function structValue(value: StructValue): Buffer {
  if (typeof value === 'number') return doubleField(2, value);
  return typeof value === 'string' ? bytesField(3, value) : bytesField(5, structFields(value));
}
