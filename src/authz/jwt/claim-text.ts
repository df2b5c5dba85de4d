/**
 * Claims as header values: what `outputClaimToHeaders` writes.
 * @module
 */
import { fromByteString, toByteString } from '../../lib/byte-string.ts';
import { type Claims, type ClaimValue, claimAt } from './claims.ts';

/**
 * The value of a claim for a header; undefined if there is nothing to write. `claim` goes into objects by dots. Strings stand as they are, whole
 * numbers as such, other numbers with six decimals, objects and lists as Base64 of their JSON.
 */
export function claimText(claims: Claims, claim: string): string | undefined {
  const value = claimAt(claims, claim.split('.'));
  const text = value === undefined || value === null ? '' : textOf(value);
  return text === '' || !isHeaderValue(text) ? undefined : text;
}

function textOf(value: NonNullable<ClaimValue>): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(value);
  return Buffer.from(json(value), 'latin1').toString('base64');
}

const twoToThe64 = 2 ** 64;

/** A whole number below 2^64 exactly, any other as C prints it with `%f`. */
function numberText(value: number): string {
  if (Number.isInteger(value) && value >= 0 && value < twoToThe64) return BigInt(value).toString();
  if (Number.isInteger(value)) return `${BigInt(value)}.000000`;
  return value.toFixed(6);
}

/** Compact JSON, as protobuf prints it. A byte string. */
function json(value: ClaimValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return jsonNumber(value);
  if (value instanceof Map) {
    return `{${[...(value as Claims)].map(([name, member]) => `${quoted(name)}:${json(member)}`).join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  return `${value as boolean | null}`;
}

/** With the 15 digits that C's `%g` prints, or 17 if that is not the same number again. */
function jsonNumber(value: number): string {
  const digits = Number(value.toPrecision(15)) === value ? 15 : 17;
  const [mantissa = '', power = '0'] = value.toExponential(digits - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits) return withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

const withoutZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** Beside what JSON demands: what a browser or a reader might take for markup or not see. */
const escaped =
  /[\u17b4\u17b5"\\\p{Cc}<>\u00ad\u0600-\u0603\u06dd\u070f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu;
const shortEscapes = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

const quoted = (text: string): string =>
  `"${toByteString(fromByteString(text).replace(escaped, (c) => shortEscapes.get(c) ?? unicodeEscape(c)))}"`;

const unicodeEscape = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

/** A claim may hold a line break; no header may. */
const isHeaderValue = (text: string): boolean => !/[^\t\x20-\x7e\x80-\xff]/.test(text);
