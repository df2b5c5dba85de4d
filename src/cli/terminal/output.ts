/**
 * How commands show what they found: JSON for programs, tables for people.
 * @module
 */
import { Option } from 'commander';
import { asGatehouseError } from '../../errors.ts';
import { allOnOneLine, oneLine, printableJson, printableLines } from '../../lib/printable.ts';
import { type Look, plainLook } from './look.ts';
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
 * only shows: render from what `table` is given, for the look that it is given.
 */
export function show<T>(
  terminal: Terminal,
  format: OutputFormat,
  document: T,
  table: (shown: T, look: Look) => string,
): void {
  if (format === 'json') terminal.out(jsonText(document, 2));
  else paint(terminal, table(allOnOneLine(document, LINES_AT), terminal.look ?? plainLook));
}

/** Writes a text of our own that may have the colours of the terminal's look. */
export function paint(terminal: Terminal, text: string): void {
  if (terminal.paint === undefined) terminal.out(printableLines(text));
  else terminal.paint(text);
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
