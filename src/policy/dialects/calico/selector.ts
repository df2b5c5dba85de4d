/**
 * Calico's selector language: text → LabelExpr.
 * In: one selector as written. Out: the expression, or the column and what is wrong there.
 * @module
 */
import type { LabelExpr } from '../../meaning/labels.ts';

/** `global()` is kept apart: it asks about namespaces, not about labels (it stands alone, in a namespaceSelector). */
export type Selector =
  | { readonly ok: true; readonly expr: LabelExpr; readonly global: boolean }
  /** `column` counts from 1 in the selector's own text. */
  | { readonly ok: false; readonly column: number; readonly message: string };

const MAX_DEPTH = 1000;

/** Parses a selector. The empty one selects everything that has labels, as `all()` does. */
export function parseSelector(text: string): Selector {
  const cursor: Cursor = { text, at: 0, depth: 0, global: false };
  try {
    skipSpace(cursor);
    if (cursor.at === text.length) return { ok: true, expr: { op: 'all', of: [] }, global: false };
    const expr = parseOr(cursor);
    if (cursor.at < text.length) throw new Fault(cursor.at, `expected && or ||, found ${found(cursor)}`);
    if (cursor.global && text.trim().replaceAll(/[() \t]/g, '') !== 'global') {
      throw new Fault(text.indexOf('global('), 'global() must stand alone');
    }
    return { ok: true, expr, global: cursor.global };
  } catch (thrown) {
    if (thrown instanceof Fault) return { ok: false, column: thrown.at + 1, message: thrown.message };
    throw thrown;
  }
}

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
  global: boolean;
}

class Fault extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const found = ({ text, at }: Cursor): string =>
  at >= text.length ? 'the end' : JSON.stringify(text.slice(at, at + 12));

function skipSpace(cursor: Cursor): void {
  while (cursor.text[cursor.at] === ' ' || cursor.text[cursor.at] === '\t') cursor.at += 1;
}

function accept(cursor: Cursor, token: string): boolean {
  if (!cursor.text.startsWith(token, cursor.at)) return false;
  cursor.at += token.length;
  skipSpace(cursor);
  return true;
}

function expect(cursor: Cursor, token: string): void {
  if (!accept(cursor, token)) throw new Fault(cursor.at, `expected ${token}, found ${found(cursor)}`);
}

function parseOr(cursor: Cursor): LabelExpr {
  return parseList(cursor, '||', 'any', parseAnd);
}

function parseAnd(cursor: Cursor): LabelExpr {
  return parseList(cursor, '&&', 'all', parseOperation);
}

function parseList(cursor: Cursor, token: string, op: 'all' | 'any', next: (cursor: Cursor) => LabelExpr): LabelExpr {
  const of = [next(cursor)];
  while (accept(cursor, token)) of.push(next(cursor));
  return of.length === 1 ? of[0]! : { op, of };
}

function parseOperation(cursor: Cursor): LabelExpr {
  let negated = false;
  while (accept(cursor, '!')) negated = !negated;
  const expr = parsePrimary(cursor);
  return negated ? { op: 'not', of: expr } : expr;
}

function parsePrimary(cursor: Cursor): LabelExpr {
  if (accept(cursor, '(')) {
    cursor.depth += 1;
    if (cursor.depth > MAX_DEPTH) throw new Fault(cursor.at, `more than ${MAX_DEPTH} open brackets`);
    const expr = parseOr(cursor);
    expect(cursor, ')');
    cursor.depth -= 1;
    return expr;
  }
  if (accept(cursor, 'has(')) {
    const key = label(cursor);
    expect(cursor, ')');
    return { op: 'has', key };
  }
  if (acceptCall(cursor, 'all(')) return { op: 'all', of: [] };
  if (acceptCall(cursor, 'global(')) {
    cursor.global = true;
    return { op: 'all', of: [] };
  }
  return parseComparison(cursor);
}

function acceptCall(cursor: Cursor, head: string): boolean {
  if (!accept(cursor, head)) return false;
  expect(cursor, ')');
  return true;
}

const not = (of: LabelExpr): LabelExpr => ({ op: 'not', of });

/** The comparison operators, tried in this order right after a label. */
const comparisons: readonly (readonly [RegExp, (key: string, cursor: Cursor) => LabelExpr])[] = [
  [/==/y, (key, cursor) => ({ op: 'in', key, values: [quoted(cursor)] })],
  [/!=/y, (key, cursor) => not({ op: 'in', key, values: [quoted(cursor)] })],
  [/not[ \t]*in(?![A-Za-z0-9_./-])/y, (key, cursor) => not({ op: 'in', key, values: quotedSet(cursor) })],
  [/in(?![A-Za-z0-9_./-])/y, (key, cursor) => ({ op: 'in', key, values: quotedSet(cursor) })],
  [/contains(?![A-Za-z0-9_./-])/y, (key, cursor) => ({ op: 'contains', key, text: quoted(cursor) })],
  [/starts[ \t]*with(?![A-Za-z0-9_./-])/y, (key, cursor) => ({ op: 'startsWith', key, text: quoted(cursor) })],
  [/ends[ \t]*with(?![A-Za-z0-9_./-])/y, (key, cursor) => ({ op: 'endsWith', key, text: quoted(cursor) })],
];

function parseComparison(cursor: Cursor): LabelExpr {
  const key = label(cursor);
  for (const [operator, build] of comparisons) {
    operator.lastIndex = cursor.at;
    const match = operator.exec(cursor.text);
    if (!match) continue;
    cursor.at += match[0].length;
    skipSpace(cursor);
    return build(key, cursor);
  }
  throw new Fault(
    cursor.at,
    `expected ==, !=, in, not in, contains, starts with or ends with after label ${JSON.stringify(key)}, found ${found(cursor)}`,
  );
}

const LABEL = /[A-Za-z0-9_./-]{1,512}/y;

function label(cursor: Cursor): string {
  LABEL.lastIndex = cursor.at;
  const match = LABEL.exec(cursor.text);
  if (!match) throw new Fault(cursor.at, `expected a label, has(…), all() or a bracket, found ${found(cursor)}`);
  cursor.at += match[0].length;
  skipSpace(cursor);
  return match[0];
}

function quoted(cursor: Cursor): string {
  const quote = cursor.text[cursor.at];
  if (quote !== '"' && quote !== "'") throw new Fault(cursor.at, `expected a string in quotes, found ${found(cursor)}`);
  const end = cursor.text.indexOf(quote, cursor.at + 1);
  if (end < 0) throw new Fault(cursor.at, `the string has no closing ${quote}`);
  const value = cursor.text.slice(cursor.at + 1, end);
  cursor.at = end + 1;
  skipSpace(cursor);
  return value;
}

function quotedSet(cursor: Cursor): string[] {
  const values: string[] = [];
  expect(cursor, '{');
  while (!accept(cursor, '}')) {
    values.push(quoted(cursor));
    if (accept(cursor, ',')) continue;
    expect(cursor, '}');
    break;
  }
  return values;
}
