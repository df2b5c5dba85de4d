/**
 * Tables as texts that other programs read.
 * @module
 */

/** A table as it is shown. */
export interface TextTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * CSV (RFC 4180). A cell that a spreadsheet would take for a formula has a `'` before it: what it says comes from whoever asked.
 */
export function csvOf({ headings, rows }: TextTable): string {
  return [headings, ...rows].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** JSON: an object a row. */
export function jsonOf({ headings, rows }: TextTable): string {
  return `${JSON.stringify(
    rows.map((row) => Object.fromEntries(headings.map((heading, i) => [heading, row[i] ?? '']))),
    null,
    2,
  )}\n`;
}
