/**
 * Finds the line whose indentation fits nowhere: what a document most often suffers from once it was copied from a page.
 * @module
 */
import type { Place } from '../finding.ts';

/** A line that begins between the levels that are open there, and the column at which it should. Columns count from 1. */
export interface Misindented extends Place {
  readonly key: string;
  readonly wantedColumn: number;
  /** The line that opened the level it belongs to. */
  readonly besideLine: number;
}

interface Level {
  readonly column: number;
  readonly line: number;
  /** What stands at its first line. */
  readonly content: string;
  /** Lines that begin at it. */
  lines: number;
}

const KEY = /^(?:"[^"]*"|'[^']*'|[^\s#:,[\]{}-][^#:]*?|-[^\s#:][^#:]*?):(?=\s|$)/;

/** The first such line; undefined if every line begins at a level that is open. Reads block style alone, and only looks. */
export function findMisindented(text: string): Misindented | undefined {
  const open: Level[] = [{ column: 1, line: 1, content: '', lines: 0 }];
  /** How often a level was so much deeper than the one around it. */
  const steps = new Map<number, number>();
  let opens = false; // the line before ended in a key without value
  let literal = 0; // lines deeper than this belong to a text of several lines
  const lines = text.split('\n');
  for (const [i, raw] of lines.entries()) {
    const column = raw.search(/\S/) + 1;
    if (column === 0 || raw.trimStart().startsWith('#')) continue;
    if (literal > 0 && column > literal) continue;
    literal = 0;
    const at: Level = { column, line: i + 1, content: raw.slice(column - 1), lines: 1 };
    const wrong = openLevel(open, at, opens, steps, lines);
    if (wrong !== undefined) return wrong;
    const content = withoutDashes(raw, column, i + 1, open);
    const rest = KEY.exec(content)?.[0];
    const value =
      rest === undefined
        ? content
        : content
            .slice(rest.length)
            .replace(/(^|\s)#.*$/, '')
            .trim();
    opens = rest !== undefined && value === '';
    if (/^[|>][-+\d]*$/.test(value)) literal = column;
  }
  return undefined;
}

/** Closes and opens levels for a line; answers if it begins at none of them. */
function openLevel(
  open: Level[],
  at: Level,
  opens: boolean,
  steps: Map<number, number>,
  lines: readonly string[],
): Misindented | undefined {
  const top = (): Level => open.at(-1)!; // the first is never closed
  if (opens && at.column > top().column) {
    const step = at.column - top().column;
    steps.set(step, (steps.get(step) ?? 0) + 1);
    open.push(at);
    return undefined;
  }
  let closed: Level | undefined;
  while (open.length > 1 && top().column > at.column) closed = open.pop();
  const key = keyOf(at);
  if (top().column === at.column) top().lines++;
  if (top().column === at.column || key === undefined) return undefined;
  if (closed !== undefined && isAtFault(closed, at, top(), steps, lines))
    return {
      line: closed.line,
      column: closed.column,
      key: keyOf(closed) ?? key,
      wantedColumn: at.column,
      besideLine: at.line,
    };
  const nearest = closed !== undefined && closed.column - at.column < at.column - top().column ? closed : top();
  return { line: at.line, column: at.column, key, wantedColumn: nearest.column, besideLine: nearest.line };
}

const keyOf = ({ content }: Level): string | undefined => KEY.exec(content.replace(/^(-\s+)+/, ''))?.[0].slice(0, -1);

/** Whether the one line that opened a level is what is wrong: lines of its kind that follow begin less deep, and are more, or of the usual step. */
function isAtFault(
  first: Level,
  at: Level,
  around: Level,
  steps: ReadonlyMap<number, number>,
  lines: readonly string[],
): boolean {
  if (first.lines > 1 || first.content.startsWith('-') !== at.content.startsWith('-')) return false;
  const own = (steps.get(first.column - around.column) ?? 1) - 1; // without itself
  if (own > 0) return false;
  return (steps.get(at.column - around.column) ?? 0) > 0 || linesAt(lines, at) > 1;
}

/** How many lines in a row begin at a level, and at what lies in it. */
function linesAt(lines: readonly string[], { line, column }: Level): number {
  let count = 0;
  for (const raw of lines.slice(line - 1)) {
    const own = raw.search(/\S/) + 1;
    if (own === 0 || raw.trimStart().startsWith('#')) continue;
    if (own < column) break;
    if (own === column) count++;
  }
  return count;
}

/** What follows the dashes of a line; what stands behind each is a level of its own. */
function withoutDashes(raw: string, column: number, line: number, open: Level[]): string {
  let at = column;
  for (;;) {
    const dash = /^-(\s+)/.exec(raw.slice(at - 1));
    if (dash === null) return raw.slice(at - 1);
    at += dash[0].length;
    open.push({ column: at, line, content: raw.slice(at - 1), lines: 1 });
  }
}
