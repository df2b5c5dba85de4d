/**
 * How commands show what they found: JSON for programs, tables for people.
 * @module
 */
import { Option } from 'commander';
import { asGatehouseError } from '../../errors.ts';
import { allOnOneLine, oneLine, printableJson, printableLines } from '../../lib/printable.ts';
import type { Terminal } from './terminal.ts';

/** What `--output` says. */
export type OutputFormat = 'json' | 'table';

/** The option that every command has. */
export function outputOption(): Option {
  return new Option('--output <format>', 'json: one document on stdout; table: for people')
    .choices(['json', 'table'])
    .default('table');
}

/** Where a document has texts of several lines: the change that would turn a decision round. */
const LINES_AT = ['flip', 'policy', 'diff'];

/**
 * Writes one JSON document, or what `table` makes for people of the same document, in which each text is one line that a terminal
 * only shows: render from what `table` is given.
 */
export function show<T>(terminal: Terminal, format: OutputFormat, document: T, table: (shown: T) => string): void {
  terminal.out(format === 'json' ? jsonText(document, 2) : printableLines(table(allOnOneLine(document, LINES_AT))));
}

/** A document as JSON that a terminal only shows; ends with a newline. */
export function jsonText(document: unknown, indent?: number): string {
  return `${printableJson(JSON.stringify(document, null, indent))}\n`;
}

/**
 * Writes an error: one line for people, one JSON document for programs; always to stderr. Only an error that has findings, each of
 * which is one line, has several.
 */
export function showError(terminal: Terminal, format: OutputFormat, thrown: unknown): void {
  const { code, message, details } = asGatehouseError(thrown);
  const shown = 'findings' in details ? printableLines(message) : oneLine(message);
  terminal.err(format === 'json' ? jsonText({ code, message, details }) : `gatehouse: ${shown}\n`);
}

/** Says something beside the output, on stderr, in one line. */
export function note(terminal: Terminal, text: string): void {
  terminal.err(`gatehouse: ${oneLine(text)}\n`);
}

/** Lines up columns under their headings; ends with a newline. An empty table says so. A cell is one line, whatever is in it. */
export function textTable(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return `${empty}\n`;
  const shown = rows.map((row) => row.map(oneLine));
  const widths = headings.map((heading, i) => Math.max(heading.length, ...shown.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return `${[headings, ...shown].map(line).join('\n')}\n`;
}
