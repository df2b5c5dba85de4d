/**
 * The comments of a YAML document, and the lines that a comment is about.
 * @module
 */
import { Lexer } from 'yaml';
import type { Place } from './finding.ts';
import type { Chunk } from './yaml/split.ts';

/** One comment with its `#`. */
interface Comment extends Place {
  readonly text: string;
}

/** Part of a file: from a place up to, and without, another. */
interface Stretch {
  readonly from: Place;
  readonly until: Place;
}

/** Tokens of the lexer that stand for no text; the last one says that a scalar follows, whatever it begins with. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\ufeff']);
const SCALAR = '\u001f';

/** Every comment, with its place in the file; what only looks like one within a text is none. */
export function commentsOf({ text, line }: Chunk): readonly Comment[] {
  const out: Comment[] = [];
  let [at, lineAt, lineStart, isScalar] = [0, line, 0, false];
  for (const token of new Lexer().lex(text)) {
    if (token === SCALAR) {
      isScalar = true;
      continue;
    }
    if (MARKS.has(token)) continue;
    if (token.startsWith('#') && !isScalar) out.push({ text: token, line: lineAt, column: at - lineStart + 1 });
    isScalar = false;
    for (let newline = token.indexOf('\n'); newline >= 0; newline = token.indexOf('\n', newline + 1)) {
      lineAt++;
      lineStart = at + newline + 1;
    }
    at += token.length;
  }
  return out;
}

/** All of a chunk. */
export function wholeOf({ text, line }: Chunk): Stretch {
  return { from: { line, column: 1 }, until: { line: line + text.split('\n').length, column: 1 } };
}

const isBlank = (text: string): boolean => /^\s*(#.*)?$/s.test(text);
const indentOf = (text: string): number => text.length - text.trimStart().length;

/**
 * What the comment of a line is about: behind something, that and what lies deeper below it; on a line of its own, the same of the
 * next line; before the first line of a document, all of it.
 */
export function lineWithin(chunk: Chunk, line: number): Stretch {
  const lines = chunk.text.split('\n');
  const at = line - chunk.line;
  const first = lines.findIndex((text) => !isBlank(text));
  if (at < first) return wholeOf(chunk);
  const head = lines.findIndex((text, i) => i >= at && !isBlank(text));
  if (head < 0) return { from: { line, column: 1 }, until: { line, column: 1 } };
  const [text = ''] = [lines[head]];
  const indent = indentOf(text);
  const isEntry = /^\s*-(\s|$)/.test(text);
  const end = lines.findIndex((each, i) => {
    if (i <= head || isBlank(each)) return false;
    const isItsEntry = !isEntry && indentOf(each) === indent && /^\s*-(\s|$)/.test(each);
    return indentOf(each) <= indent && !isItsEntry;
  });
  const until = end < 0 ? lines.length : end;
  return { from: { line: chunk.line + head, column: 1 }, until: { line: chunk.line + until, column: 1 } };
}
