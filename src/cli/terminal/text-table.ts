/**
 * Tables for people, as wide as the terminal is.
 * @module
 */
import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';
import { oneLine } from '../../lib/printable.ts';
import type { Look, Style } from './look.ts';

/** One field of a row; whatever is in it, it is shown as one line. */
export type Cell = string | { readonly text: string; readonly style: Style };

const GAP = '  ';
/** No column is cut to less: a table that has too many of them is wider than the terminal. */
const LEAST_WIDTH = 8;

/**
 * Lines up columns under their headings; ends with a newline. An empty table says so.
 *
 * Where the look has a width the widest columns are cut until all fits, names in their middle and sentences at their end, and a last
 * line says that it was done.
 */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  empty: string,
  look: Look,
): string {
  if (rows.length === 0) return `${empty}\n`;
  const shown = rows.map((row) => headings.map((_, i) => cellOf(row[i] ?? '')));
  const natural = headings.map((heading, i) =>
    Math.max(heading.length, ...shown.map((row) => stringWidth(row[i]!.text))),
  );
  const widths = look.columns === undefined ? natural : fitted(natural, look.columns);
  const line = (cells: readonly { readonly text: string; readonly style?: Style }[]): string =>
    cells
      .map(({ text, style }, i) => {
        const cut = cutTo(text, widths[i]!);
        const styled = style === undefined ? cut : look.style(style, cut);
        return i === cells.length - 1 ? styled : styled + ' '.repeat(Math.max(0, widths[i]! - stringWidth(cut)));
      })
      .join(GAP)
      .trimEnd();
  const lines = [headings.map((text) => ({ text, style: 'heading' as const })), ...shown].map(line);
  if (widths.some((width, i) => width < natural[i]!)) {
    lines.push(look.style('dim', 'cut to fit; a pipe or --output json shows all'));
  }
  return `${lines.join('\n')}\n`;
}

function cellOf(cell: Cell): { readonly text: string; readonly style?: Style } {
  return typeof cell === 'string' ? { text: oneLine(cell) } : { ...cell, text: oneLine(cell.text) };
}

/** The widths with the widest ones lowered, evenly, until all of them and the gaps are at most `columns`. */
function fitted(natural: readonly number[], columns: number): number[] {
  const room = columns - GAP.length * (natural.length - 1);
  let most = Math.max(...natural);
  const capped = (): number[] => natural.map((width) => Math.min(width, Math.max(LEAST_WIDTH, most)));
  const sum = (widths: readonly number[]): number => widths.reduce((all, each) => all + each, 0);
  while (most > LEAST_WIDTH && sum(capped()) > room) most--;
  const widths = capped();
  // what the last step took too much goes back to the first column that was cut
  const first = widths.findIndex((width, i) => width < natural[i]!);
  if (first >= 0) widths[first] = Math.min(natural[first]!, widths[first]! + Math.max(0, room - sum(widths)));
  return widths;
}

/** A name keeps its two ends, which tell it from others; a sentence its beginning. */
function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const position = text.includes(' ') ? 'end' : 'middle';
  const cut = cliTruncate(text, width, { position });
  // where the cut goes through a character of two columns it may be kept whole
  return stringWidth(cut) <= width ? cut : cliTruncate(text, width - 1, { position });
}
