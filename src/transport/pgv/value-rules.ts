/**
 * What each rule of protoc-gen-validate demands of one value.
 * @module
 */
import type { Message } from '@bufbuild/protobuf';
import { hasHeaderForm, textForms } from './well-known.ts';

/** The rules that were written, by their names in `validate.proto`, with what was written. */
export type WrittenRules = ReadonlyMap<string, unknown>;

type Check = (value: never, limit: never) => boolean;

const characters = (text: string): bigint => BigInt([...text].length);
const octets = (text: string): bigint => BigInt(Buffer.byteLength(text));
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Comparisons that mean the same for numbers, bigints and (as nanoseconds) durations and timestamps. */
export const orderChecks: ReadonlyMap<string, Check> = new Map(
  Object.entries<Check>({
    const: (value: bigint, limit: bigint) => value === limit,
    lt: (value: bigint, limit: bigint) => value < limit,
    lte: (value: bigint, limit: bigint) => value <= limit,
    gt: (value: bigint, limit: bigint) => value > limit,
    gte: (value: bigint, limit: bigint) => value >= limit,
    in: (value: bigint, limit: readonly bigint[]) => limit.includes(value),
    notIn: (value: bigint, limit: readonly bigint[]) => !limit.includes(value),
  }),
);

/** Of strings. A `pattern` is the proto's own, never a peer's. */
const textChecks: ReadonlyMap<string, Check> = new Map(
  Object.entries<Check>({
    const: (value: string, limit: string) => value === limit,
    len: (value: string, limit: bigint) => characters(value) === limit,
    minLen: (value: string, limit: bigint) => characters(value) >= limit,
    maxLen: (value: string, limit: bigint) => characters(value) <= limit,
    lenBytes: (value: string, limit: bigint) => octets(value) === limit,
    minBytes: (value: string, limit: bigint) => octets(value) >= limit,
    maxBytes: (value: string, limit: bigint) => octets(value) <= limit,
    pattern: (value: string, limit: string) => new RegExp(limit, 'u').test(value),
    prefix: (value: string, limit: string) => value.startsWith(limit),
    suffix: (value: string, limit: string) => value.endsWith(limit),
    contains: (value: string, limit: string) => value.includes(limit),
    notContains: (value: string, limit: string) => !value.includes(limit),
    in: (value: string, limit: readonly string[]) => limit.includes(value),
    notIn: (value: string, limit: readonly string[]) => !limit.includes(value),
  }),
);

/** Of bytes. */
export const bytesChecks: ReadonlyMap<string, Check> = new Map(
  Object.entries<Check>({
    const: (value: Uint8Array, limit: Uint8Array) => same(value, limit),
    len: (value: Uint8Array, limit: bigint) => BigInt(value.length) === limit,
    minLen: (value: Uint8Array, limit: bigint) => BigInt(value.length) >= limit,
    maxLen: (value: Uint8Array, limit: bigint) => BigInt(value.length) <= limit,
    pattern: (value: Uint8Array, limit: string) => new RegExp(limit).test(Buffer.from(value).toString('latin1')),
    prefix: (value: Uint8Array, limit: Uint8Array) => same(value.subarray(0, limit.length), limit),
    suffix: (value: Uint8Array, limit: Uint8Array) =>
      value.length >= limit.length && same(value.subarray(value.length - limit.length), limit),
    contains: (value: Uint8Array, limit: Uint8Array) => Buffer.from(value).includes(Buffer.from(limit)),
    in: (value: Uint8Array, limit: readonly Uint8Array[]) => limit.some((each) => same(each, value)),
    notIn: (value: Uint8Array, limit: readonly Uint8Array[]) => !limit.some((each) => same(each, value)),
    ip: (value: Uint8Array) => value.length === 4 || value.length === 16,
    ipv4: (value: Uint8Array) => value.length === 4,
    ipv6: (value: Uint8Array) => value.length === 16,
  }),
);

/** The rules that this value breaks, as `rule=limit` text. */
export function brokenRules(checks: ReadonlyMap<string, Check>, written: WrittenRules, value: unknown): string[] {
  const broken: string[] = [];
  for (const [rule, limit] of written) {
    const check = checks.get(rule);
    // The table and the rules come from one proto: the types of value and limit are those of the rule.
    if (check !== undefined && !check(value as never, limit as never)) broken.push(`${rule}=${textOf(limit)}`);
  }
  return broken;
}

/** Like `brokenRules`, for strings, whose forms by name are rules too. */
export function brokenTextRules(written: WrittenRules, value: string): string[] {
  const broken = brokenRules(textChecks, written, value);
  for (const [rule, limit] of written) {
    const form = textForms.get(rule);
    if (form !== undefined && limit === true && !form(value)) broken.push(rule);
    if (rule === 'wellKnownRegex' && !hasHeaderForm(value, limit as never, written.get('strict') !== false)) {
      broken.push(`${rule}=${textOf(limit)}`);
    }
  }
  return broken;
}

function textOf(limit: unknown): string {
  if (limit instanceof Uint8Array) return Buffer.from(limit).toString('hex');
  if (Array.isArray(limit)) return `[${limit.map(textOf).join()}]`;
  return String(limit);
}

/** Nanoseconds of a Duration or a Timestamp. */
export function nanosecondsOf({ seconds, nanos }: Message & { seconds: bigint; nanos: number }): bigint {
  return seconds * 1_000_000_000n + BigInt(nanos);
}
