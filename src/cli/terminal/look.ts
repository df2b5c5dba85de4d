/**
 * How a terminal looks: how wide it is, and whether it has colour.
 * @module
 */
import { styleText } from 'node:util';
import { printableLines } from '../../lib/printable.ts';

/** What a text is, for people who see colour; nothing is said by colour alone. */
export type Style = 'good' | 'bad' | 'warning' | 'dim' | 'heading';

/** What one text is rendered for. */
export interface Look {
  /** Columns of the terminal; absent: nobody looks, and nothing is cut. */
  readonly columns?: number;
  /** Marks are ASCII: the locale says that the terminal knows no more. */
  readonly isAscii?: true;
  /** The text in the colour of what it is, or as it came where there is no colour. */
  style(style: Style, text: string): string;
}

const formats = { good: 'green', bad: 'red', warning: 'yellow', dim: 'dim', heading: 'bold' } as const satisfies Record<
  Style,
  string
>;

/** A pipe, a file, or a test: no width, no colour. */
export const plainLook: Look = { style: (_, text) => text };

/** Below this a table says nothing any more. */
const FEWEST_COLUMNS = 20;

/**
 * How a stream looks. `COLUMNS` in the environment says the width, if the stream is no terminal too; colour is as `NO_COLOR`,
 * `FORCE_COLOR` and the terminal's kind say.
 */
export function lookOf(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Look {
  const told = /^[1-9]\d{0,4}$/.test(environment.COLUMNS ?? '') ? Number(environment.COLUMNS) : undefined;
  const columns = told ?? (stream.isTTY ? stream.columns || 80 : undefined);
  return {
    ...(isAscii(environment) && { isAscii: true }),
    ...(columns !== undefined && { columns: Math.max(FEWEST_COLUMNS, columns) }),
    style: (style, text) => styleText(formats[style], text, { stream }),
  };
}

/** Whether a locale is named, and is not UTF-8; where none is, nothing is known of the terminal, and nearly all know UTF-8. */
function isAscii({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  return locale !== '' && !/utf-?8/i.test(locale);
}

/** What `style` writes around a text, and nothing else that a terminal obeys. */
const OWN_STYLES = new RegExp(`(${String.fromCharCode(27)}\\[(?:1|2|22|31|32|33|39)m)`);

/** Escapes all that a terminal would not show, except newlines, tabs and the colours of a `Look`. */
export function printableStyled(text: string): string {
  return text
    .split(OWN_STYLES)
    .map((part, i) => (i % 2 === 1 ? part : printableLines(part)))
    .join('');
}
