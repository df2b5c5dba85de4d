/**
 * Writes DER: what is spliced around an authority's certificate template.
 * @module
 */

/** ASN.1 tags that certificates use (X.690 §8). */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nullValue: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of `[number]`, context-specific. */
export function contextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x100) return 2;
  return length < 0x10000 ? 3 : 4;
}

/** Wraps the parts, in order, in one element of `elementTag`; at most 16 MiB. */
export function element(elementTag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = 1 + lengthBytes(length);
  const out = Buffer.allocUnsafe(header + length);
  out[0] = elementTag;
  if (header === 2) out[1] = length;
  else {
    out[1] = 0x80 | (header - 2);
    out.writeUIntBE(length, 2, header - 2);
  }
  let at = header;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A SEQUENCE of the parts. */
export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(tag.sequence, ...parts);
}

/** An INTEGER from big-endian magnitude bytes; never negative, shortest form (X.690 §8.3). */
export function positiveInteger(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const bytes = magnitude.subarray(start);
  return (bytes[0] ?? 0) & 0x80 || bytes.length === 0
    ? element(tag.integer, Buffer.of(0), bytes)
    : element(tag.integer, bytes);
}

const identifiers = new Map<string, Buffer>();

/** An OBJECT IDENTIFIER; each is encoded once, since every certificate has the same ones (X.690 §8.19). */
export function objectIdentifier(dotted: string): Buffer {
  const known = identifiers.get(dotted);
  if (known) return known;
  const [top = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const der = element(tag.oid, Uint8Array.from([top * 40 + second, ...rest].flatMap(arcBytes)));
  identifiers.set(dotted, der);
  return der;
}

/** Seven bits a byte, most significant first; all but the last have the top bit set. */
function arcBytes(arc: number): number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift(0x80 | (left % 128));
  return bytes;
}

/** A BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Buffer {
  return element(tag.bitString, Buffer.of(0), bytes);
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/**
 * A Time: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5).
 *
 * @param atMs  milliseconds since 1970; the fraction of a second is cut off
 */
export function time(atMs: number): Buffer {
  const date = new Date(atMs);
  const year = date.getUTCFullYear();
  const rest =
    twoDigits(date.getUTCMonth() + 1) +
    twoDigits(date.getUTCDate()) +
    twoDigits(date.getUTCHours()) +
    twoDigits(date.getUTCMinutes()) +
    `${twoDigits(date.getUTCSeconds())}Z`;
  return year >= 1950 && year < 2050
    ? element(tag.utcTime, Buffer.from(twoDigits(year % 100) + rest, 'latin1'))
    : element(tag.generalizedTime, Buffer.from(String(year).padStart(4, '0') + rest, 'latin1'));
}
