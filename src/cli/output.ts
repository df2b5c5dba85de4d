/**
 * How commands show what they found: JSON for programs, tables for people.
 * @module
 */
import { Option } from 'commander';
import { asGatehouseError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

export type OutputFormat = 'json' | 'table';

/** The option that every command has. */
export function outputOption(): Option {
  return new Option('--output <format>', 'json: one document on stdout; table: for people')
    .choices(['json', 'table'])
    .default('table');
}

/** Writes one JSON document, or what `table` makes for people. */
export function show(terminal: Terminal, format: OutputFormat, document: unknown, table: () => string): void {
  terminal.out(format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : table());
}

/** Writes an error: one line for people, one JSON document for programs; always to stderr. */
export function showError(terminal: Terminal, format: OutputFormat, thrown: unknown): void {
  const { code, message, details } = asGatehouseError(thrown);
  terminal.err(format === 'json' ? `${JSON.stringify({ code, message, details })}\n` : `gatehouse: ${message}\n`);
}

/** Lines up columns under their headings; ends with a newline. An empty table says so. */
export function textTable(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return `${empty}\n`;
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return `${[headings, ...rows].map(line).join('\n')}\n`;
}
