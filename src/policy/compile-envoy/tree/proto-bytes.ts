/**
 * Protobuf messages as byte strings: a message is put together as JavaScript strings are, and becomes bytes once, at the end.
 * @module
 */

/** A field that holds bytes, a string or a message; an empty one is written too. `value` is a byte string. */
export const bytesField = (number: number, value: string): string =>
  varint(number * 8 + 2) + varint(value.length) + value;

/** A field that holds an unsigned number or an enum; zero is left out, as proto3 does. */
export const numberField = (number: number, value: number): string =>
  value === 0 ? '' : varint(number * 8) + varint(value);

/** `google.protobuf.Any` of one message. */
export const any = (type: string, message: string): string =>
  bytesField(1, `type.googleapis.com/${type}`) + (message === '' ? '' : bytesField(2, message));

/** Makes the bytes of a byte string. */
export const toBytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const low = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

function varint(value: number): string {
  if (value < 128) return low[value]!;
  let out = '';
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return out + low[rest]!;
    out += String.fromCharCode((rest % 128) + 128);
  }
}
