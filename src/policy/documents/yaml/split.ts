/**
 * Cuts a file into its documents, where Kubernetes' reader would cut it.
 * @module
 */

/** One document's text and where it starts in its file. */
export interface Chunk {
  readonly text: string;
  /** Line of the chunk's first character, from 1. */
  readonly line: number;
}

/** A line that starts with `---` and goes on with anything but a comment; Kubernetes refuses the file. */
export interface BadSeparator {
  readonly line: number;
  readonly text: string;
}

/** What a file comes to. */
export interface Split {
  readonly chunks: readonly Chunk[];
  readonly bad: readonly BadSeparator[];
  /** Blanks and comments, where a document could be. */
  readonly bare: readonly Chunk[];
}

/** What stands between two separators, measured so that it stays true wherever in a text it stands. */
export interface Stretch {
  /** Characters before the separator. */
  readonly length: number;
  /** Characters up to the next stretch, its separator and that one's newline included. */
  readonly step: number;
  /** Lines up to the next stretch. */
  readonly lines: number;
  /** Blanks and comments only: no document. */
  readonly isBare: boolean;
  /** What stands behind the separator that ends it, if that is not allowed; else empty. */
  readonly rest: string;
}

/** A file's text as it is cut. */
export const withoutMark = (file: string): string => (file.startsWith('\ufeff') ? file.slice(1) : file);

/** The stretch that begins at a character, which must be the first of a line. */
export function stretchAt(text: string, start: number): Stretch {
  let lines = 0;
  for (let at = start; at <= text.length; lines++) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith('---', at)) {
      const rest = text.slice(at + 3, end).trim();
      const isFine = rest === '' || rest.startsWith('#');
      return { ...measured(text, start, at), step: end + 1 - start, lines: lines + 1, rest: isFine ? '' : rest };
    }
    at = end + 1;
  }
  return { ...measured(text, start, text.length), step: text.length + 1 - start, lines, rest: '' };
}

const measured = (text: string, start: number, end: number): Pick<Stretch, 'length' | 'isBare'> => ({
  length: end - start,
  isBare: /^(?:[ \t\r]*(?:#.*)?(?:\n|$))*$/.test(text.slice(start, end)),
});

/** Splits at lines that start with `---`; chunks of blanks and comments only are no documents. A byte order mark is dropped. */
export function splitDocuments(file: string): Split {
  const text = withoutMark(file);
  const split = { chunks: [] as Chunk[], bad: [] as BadSeparator[], bare: [] as Chunk[] };
  let line = 1;
  for (let start = 0; start < text.length; ) {
    const { length, step, lines, isBare, rest } = stretchAt(text, start);
    (isBare ? split.bare : split.chunks).push({ text: text.slice(start, start + length), line });
    line += lines;
    if (rest !== '') split.bad.push({ line: line - 1, text: rest });
    start += step;
  }
  return split;
}
