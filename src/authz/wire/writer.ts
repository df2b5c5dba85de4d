/**
 * Writes protobuf wire format: small messages made of parts. For answers that are prepared once.
 * @module
 */

const wire = { varint: 0, fixed64: 1, bytes: 2 } as const;

/** A length-delimited field: a message, a string (UTF-8) or bytes. */
export function bytesField(number: number, ...content: readonly (Uint8Array | string)[]): Buffer {
  const parts = content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint(number * 8 + wire.bytes), varint(length), ...parts]);
}

/** A varint field; unlike protobuf's own writers it writes a zero too. */
export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8 + wire.varint), varint(value)]);
}

/** A double field. */
function doubleField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(number * 8 + wire.fixed64), bytes]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return Buffer.from(out);
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
