/**
 * Compiles text patterns to tests of one value. No pattern ever becomes a RegExp.
 * @module
 */
import { assertNever } from '../../../lib/assert-never.ts';
import { lowerAscii } from '../../../lib/byte-string.ts';
import type { TextPattern } from '../../model.ts';
import { compilePathTemplate, parsePathTemplate } from './path-template.ts';

/** Tests one value. */
export type TextTest = (value: string) => boolean;

/** Compiles alternatives to one test: true if any of them holds for the value. */
export function compileTextPatterns(patterns: readonly TextPattern[]): TextTest {
  const exact = new Set<string>();
  const folded = new Set<string>();
  const tests: TextTest[] = [];
  for (const pattern of patterns) {
    if (pattern.is === 'exact') (pattern.ignoreCase ? folded : exact).add(fold(pattern.value, pattern.ignoreCase));
    else tests.push(compileTextPattern(pattern));
  }
  if (exact.size > 0) tests.unshift(oneOf(exact));
  if (folded.size > 0) tests.unshift((value) => folded.has(lowerAscii(value)));
  return anyOf(tests);
}

/** Compiles one pattern. */
function compileTextPattern(pattern: TextPattern): TextTest {
  switch (pattern.is) {
    case 'exact':
    case 'prefix':
    case 'suffix':
      return compileLiteral(pattern.is, pattern.value, pattern.ignoreCase === true);
    case 'present':
      return () => true;
    case 'nonEmpty':
      return isNonEmpty;
    case 'glob':
      return compileGlob(pattern.parts, pattern.within === 'segment');
    case 'under':
      return compileUnder(pattern.value);
    case 'template':
      return compilePathTemplate(parsePathTemplate(pattern.text));
    case 'serviceAccount':
      return compileServiceAccount(pattern.namespace, pattern.serviceAccount);
    default:
      return assertNever(pattern);
  }
}

const fold = (text: string, ignoreCase: boolean | undefined): string => (ignoreCase ? lowerAscii(text) : text);

function oneOf(values: ReadonlySet<string>): TextTest {
  const [only] = values;
  return values.size === 1 ? (value) => value === only : (value) => values.has(value);
}

function anyOf(tests: readonly TextTest[]): TextTest {
  const [first, second] = tests;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  return (value) => {
    for (const test of tests) if (test(value)) return true;
    return false;
  };
}

function compileLiteral(is: 'exact' | 'prefix' | 'suffix', literal: string, ignoreCase: boolean): TextTest {
  const wanted = fold(literal, ignoreCase);
  const test: TextTest =
    is === 'exact'
      ? (value) => value === wanted
      : is === 'prefix'
        ? (value) => value.startsWith(wanted)
        : (value) => value.endsWith(wanted);
  return ignoreCase ? (value) => test(lowerAscii(value)) : test;
}

/** RE2's `.+` over the whole value: `.` takes anything but a line feed. */
const isNonEmpty: TextTest = (value) => value !== '' && !value.includes('\n');

/**
 * The first part is anchored at the beginning, the last at the end; the parts between take the earliest place that fits.
 * A run takes anything but a line feed (RE2's `.*`), the first one of a `within: 'segment'` anything but a slash.
 */
function compileGlob(parts: readonly string[], withinSegment: boolean): TextTest {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length < 2) return (value) => value === first;
  const middle = parts.slice(1, -1);
  return (value) => {
    const end = value.length - last.length;
    let at = first.length;
    let barred = withinSegment ? '/' : '\n';
    if (at > end || !value.startsWith(first) || !value.endsWith(last)) return false;
    for (const part of middle) {
      const found = value.indexOf(part, at);
      if (found < 0 || found + part.length > end || runHolds(value, at, found, barred)) return false;
      at = found + part.length;
      barred = '\n';
    }
    return !runHolds(value, at, end, barred);
  };
}

function runHolds(value: string, from: number, to: number, barred: string): boolean {
  const at = value.indexOf(barred, from);
  return at >= 0 && at < to;
}

function compileUnder(path: string): TextTest {
  const inside = path.endsWith('/') ? path : `${path}/`;
  return (value) => value === path || value.startsWith(inside);
}

const SCHEME = 'spiffe://';

/** `spiffe://.+/ns/NAMESPACE/(.+/|)sa/ACCOUNT(/.+)?` over the whole value; `.` takes anything but a line feed. */
function compileServiceAccount(namespace: string, serviceAccount: string): TextTest {
  const inNamespace = `/ns/${namespace}/`;
  const account = `sa/${serviceAccount}`;
  return (value) => {
    if (!value.startsWith(SCHEME)) return false;
    for (let at = value.indexOf(inNamespace, SCHEME.length + 1); at >= 0; at = value.indexOf(inNamespace, at + 1)) {
      if (runHolds(value, SCHEME.length, at, '\n')) return false;
      if (holdsAccount(value, at + inNamespace.length, account)) return true;
    }
    return false;
  };
}

function holdsAccount(value: string, from: number, account: string): boolean {
  for (let at = value.indexOf(account, from); at >= 0; at = value.indexOf(account, at + 1)) {
    if (runHolds(value, from, at, '\n')) return false;
    const atStart = at === from || (at > from + 1 && value[at - 1] === '/');
    const end = at + account.length;
    const holdsTail = value[end] === '/' && end + 1 < value.length && !runHolds(value, end + 1, value.length, '\n');
    if (atStart && (end === value.length || holdsTail)) return true;
  }
  return false;
}
