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

/** Splits at lines that start with `---`; chunks of blanks and comments only are no documents. A byte order mark is dropped. */
export function splitDocuments(file: string): {
  readonly chunks: readonly Chunk[];
  readonly bad: readonly BadSeparator[];
  /** Blanks and comments, where a document could be. */
  readonly bare: readonly Chunk[];
} {
  const text = file.startsWith('\ufeff') ? file.slice(1) : file;
  const chunks: Chunk[] = [];
  const bad: BadSeparator[] = [];
  const bare: Chunk[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  const close = (end: number): void => {
    const chunk = text.slice(start, end);
    const isBare = /^(?:[ \t\r]*(?:#.*)?(?:\n|$))*$/.test(chunk);
    (isBare ? bare : chunks).push({ text: chunk, line: startLine });
  };
  for (let at = 0; at <= text.length; line++) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith('---', at)) {
      const rest = text.slice(at + 3, end).trim();
      close(at);
      if (rest !== '' && !rest.startsWith('#')) bad.push({ line, text: rest });
      start = end + 1;
      startLine = line + 1;
    }
    at = end + 1;
  }
  if (start < text.length) close(text.length);
  return { chunks, bad, bare };
}
