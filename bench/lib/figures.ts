/**
 * Figures of several rounds, and tables of them.
 * @module
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

export const shown = (value: number, digits = 1): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const shownSpread = ({ median, min, max }: Spread, digits = 1): string =>
  `${shown(median, digits)} (${shown(min, digits)}–${shown(max, digits)})`;

/** One section of the results. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** How it was measured. */
  readonly note: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The figures behind the table. */
  readonly raw: unknown;
  /** Bars of the plot; absent: there is none. */
  readonly plot?: { readonly unit: string; readonly bars: readonly Bar[] };
  /** What grows with something; absent: nothing is drawn so. */
  readonly curves?: Curves;
}

/** Curves over one quantity, both axes logarithmic. */
export interface Curves {
  readonly across: string;
  readonly up: string;
  readonly curves: readonly Curve[];
}

export interface Curve {
  readonly label: string;
  readonly ours: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly ours: boolean;
}

/** A section as Markdown. */
export function toMarkdown({ title, note, head, rows }: Section): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|${head.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`;
  return [`## ${title}`, '', note, '', line(head), rule, ...rows.map(line), ''].join('\n');
}
