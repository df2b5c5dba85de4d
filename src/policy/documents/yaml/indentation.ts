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
}

const KEY = /^(?:"[^"]*"|'[^']*'|[^\s#:,[\]{}-][^#:]*?|-[^\s#:][^#:]*?):(?=\s|$)/;

/** The first such line; undefined if every line begins at a level that is open. Reads block style alone, and only looks. */
export function findMisindented(text: string): Misindented | undefined {
  const open: Level[] = [{ column: 1, line: 1 }];
  let opens = false; // the line before ended in a key without value
  let literal = 0; // lines deeper than this belong to a text of several lines
  for (const [i, raw] of text.split('\n').entries()) {
    const column = raw.search(/\S/) + 1;
    if (column === 0 || raw.trimStart().startsWith('#')) continue;
    if (literal > 0 && column > literal) continue;
    literal = 0;
    const wrong = openLevel(open, { column, line: i + 1 }, opens, raw.slice(column - 1));
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
function openLevel(open: Level[], at: Level, opens: boolean, content: string): Misindented | undefined {
  const top = (): Level => open.at(-1)!; // the first is never closed
  if (opens && at.column > top().column) {
    open.push(at);
    return undefined;
  }
  let closed: Level | undefined;
  while (open.length > 1 && top().column > at.column) closed = open.pop();
  const key = KEY.exec(content.replace(/^(-\s+)+/, ''))?.[0].slice(0, -1);
  if (top().column === at.column || key === undefined) return undefined;
  const nearest = closed !== undefined && closed.column - at.column < at.column - top().column ? closed : top();
  return { ...at, key, wantedColumn: nearest.column, besideLine: nearest.line };
}

/** What follows the dashes of a line; what stands behind each is a level of its own. */
function withoutDashes(raw: string, column: number, line: number, open: Level[]): string {
  let at = column;
  for (;;) {
    const dash = /^-(\s+)/.exec(raw.slice(at - 1));
    if (dash === null) return raw.slice(at - 1);
    at += dash[0].length;
    open.push({ column: at, line });
  }
}
