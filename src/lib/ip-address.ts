/**
 * IP addresses and CIDR ranges as bytes.
 * In: text as `inet_pton` reads it. Out: 4 or 16 bytes; an IPv4-mapped IPv6 address stays 16 bytes.
 * @module
 */

/** A range: the first `bits` bits of `bytes` (4 or 16 of them, host bits zero). */
export interface IpRange {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** Reads an address; undefined if the text is none (leading zeros, zones, ports and blanks make it none). */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/**
 * Reads an address as proxies write and read those of connections: behind an IPv6 address may stand a zone. Which of its links a machine
 * means is nothing to a range, so the zone is left out. Undefined if the text is no address.
 *
 * @see RFC 4007 §11
 */
export function parseZonedIp(text: string): Uint8Array | undefined {
  const mark = text.indexOf('%');
  if (mark < 0) return parseIp(text);
  const bytes = parseIp(text.slice(0, mark));
  return bytes !== undefined && isZoneOf(bytes, text.slice(mark + 1)) ? bytes : undefined;
}

/** As the C library has it: a number, or behind an address that holds on one link alone the name of an interface, which we need not have. */
function isZoneOf(bytes: Uint8Array, zone: string): boolean {
  if (bytes.length !== 16) return false;
  if (/^[0-9]+$/.test(zone) && Number(zone) < 2 ** 32) return true;
  return isOfOneLink(bytes) && /^[!-.0-~]{1,15}$/.test(zone);
}

/** fe80::/10, and multicast of that scope. */
function isOfOneLink(bytes: Uint8Array): boolean {
  const [first, second] = [bytes[0]!, bytes[1]!];
  return first === 0xff ? (second & 0x0f) === 2 : first === 0xfe && (second & 0xc0) === 0x80;
}

/** Reads `address/bits` or a bare address (a range of one); host bits are cleared. Undefined if the text is neither. */
export function parseCidr(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const most = address.length * 8;
  if (slash < 0) return { bytes: address, bits: most };
  const digits = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > most) return undefined;
  return { bytes: masked(address, Number(digits)), bits: Number(digits) };
}

/** Whether the address of `address/bits` is another than the first of its range; false of what is no range. */
export function hasHostBits(text: string): boolean {
  const range = parseCidr(text);
  const address = parseIp(text.split('/', 1)[0] ?? '');
  if (range === undefined || address === undefined) return false;
  return address.some((byte, i) => byte !== range.bytes[i]);
}

/** Tells whether an address lies in a range of its own family. */
export function ipInRange(address: Uint8Array, range: IpRange): boolean {
  if (address.length !== range.bytes.length) return false;
  const whole = range.bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== range.bytes[i]) return false;
  const rest = range.bits & 7;
  return rest === 0 || ((address[whole]! ^ range.bytes[whole]!) & (0xff << (8 - rest)) & 0xff) === 0;
}

/** Tells whether every address of the range that a text names lies in that of another; false if either is none. */
export function isRangeWithin(inner: string, outer: string): boolean {
  const [a, b] = [parseCidr(outer), parseCidr(inner)];
  return a !== undefined && b !== undefined && b.bits >= a.bits && ipInRange(b.bytes, a);
}

function masked(address: Uint8Array, bits: number): Uint8Array {
  return address.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!;
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const gap = text.indexOf('::');
  if (gap >= 0 && text.indexOf('::', gap + 1) >= 0) return undefined;
  const head = groups(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : groups(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const count = head.length + tail.length;
  if (gap < 0 ? count !== 16 : count > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** The bytes of colon-separated groups; the last may be an IPv4 address where the whole text ends with it. */
function groups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const out: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (atEnd && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 === undefined) return undefined;
      out.push(...v4);
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return undefined;
      const value = Number.parseInt(part, 16);
      out.push(value >> 8, value & 0xff);
    }
  }
  return out;
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The IPv4 address that an IPv4-mapped IPv6 address holds (RFC 4291 §2.5.5.2); any other address as it is. */
export function unmapped(address: Uint8Array): Uint8Array {
  return address.length === 16 && MAPPED.every((byte, i) => address[i] === byte) ? address.subarray(12) : address;
}

/** The IPv4 range that a range of IPv4-mapped IPv6 addresses is; any other range as it is. */
export function unmappedRange(range: IpRange): IpRange {
  const bytes = unmapped(range.bytes);
  return range.bits < MAPPED.length * 8 || bytes === range.bytes
    ? range
    : { bytes, bits: range.bits - MAPPED.length * 8 };
}
