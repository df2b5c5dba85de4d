/**
 * Claims as header values: what `outputClaimToHeaders` writes.
 * @module
 */
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

/** Compact JSON over byte strings, with `<` and `>` escaped, as protobuf prints it. */
function json(value: ClaimValue): string {
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Map) {
    return `{${[...(value as Claims)].map(([name, member]) => `${quoted(name)}:${json(member)}`).join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  return `${value as string | number | boolean | null}`;
}

const quoted = (text: string): string =>
  JSON.stringify(text).replace(/[<>\x7f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** A claim may hold a line break; no header may. */
const isHeaderValue = (text: string): boolean => !/[^\t\x20-\x7e\x80-\xff]/.test(text);
