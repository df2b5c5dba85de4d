/**
 * Prints rows as a table.
 * @module
 */
import type { Row } from './rows.ts';

/** Whether a row came out as it should. */
export function isAsExpected(row: Row): boolean {
  return row.got === row.expected;
}

/** The table as text, each column as wide as its widest cell. */
export function table(rows: readonly Row[]): string {
  const heading = ['request', 'expected', 'got', 'decided by', ''];
  const lines = rows.map((row) => [
    row.request,
    row.expected,
    row.got,
    row.decidedBy,
    isAsExpected(row) ? 'ok' : 'WRONG',
  ]);
  const widths = heading.map((title, column) => Math.max(title.length, ...lines.map((cells) => cells[column]!.length)));
  const rule = widths.map((width) => '─'.repeat(width));
  return [heading, rule, ...lines]
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
