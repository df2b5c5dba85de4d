/**
 * Reads the JSON that programs write, on one line or on many, in one pass.
 *
 * What it is not sure of it leaves to the full parser. What it reads, it reads as that one does, places included.
 * @module
 */
import type { Entry, Value } from '../value.ts';
import { resolvePlain } from './scalar.ts';
import type { Chunk } from './split.ts';

/** Says that the full parser must read the document. */
type Unsure = undefined;

const DEEPEST = 40;
/** YAML bounds the length of keys that stand before their colon on one line. */
const LONGEST_KEY = 256;

const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_MAP = 123;
const CLOSE_MAP = 125;

/** Between ASCII and here are control characters. */
const FIRST_BEYOND = 0xa0;

/** Numbers and words as JSON has them. */
const WORD = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)(?=[ \n,\]}])/y;

/** Whether a text begins as a document of JSON does. */
export const looksLikeJson = (text: string): boolean => /^[ \n]*[{[]/.test(text);

/** Reads one document; undefined: the full parser must. */
export function readUsualJson({ text, line }: Chunk): Value | Unsure {
  const reader = new Reader(text, line);
  reader.skipBlanks();
  const value = reader.value(0);
  reader.skipBlanks();
  return reader.isAtEnd ? value : undefined;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #line: number;
  #lineStart = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipBlanks(): void {
    const text = this.#text;
    for (; ; this.#at++) {
      const code = text.charCodeAt(this.#at);
      if (code === SPACE) continue;
      if (code !== NEWLINE) return;
      this.#line++;
      this.#lineStart = this.#at + 1;
    }
  }

  value(depth: number): Value | Unsure {
    const code = this.#text.charCodeAt(this.#at);
    if (code === OPEN_MAP) return this.#map(depth);
    if (code === OPEN_LIST) return this.#list(depth);
    const place = this.#place();
    if (code !== QUOTE) return this.#word(place);
    const text = this.#quoted();
    return text === undefined ? undefined : { is: 'text', ...place, text, size: 1 };
  }

  #map(depth: number): Value | Unsure {
    if (depth > DEEPEST) return undefined;
    const place = this.#place();
    const entries = new Map<string, Entry>();
    let size = 1;
    this.#at++;
    for (let more = this.#first(CLOSE_MAP); more; ) {
      const key = this.#place();
      const name = this.#key();
      if (name === undefined || entries.has(name)) return undefined;
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      entries.set(name, { key, value });
      size += value.size;
      const next = this.#next(CLOSE_MAP);
      if (next === undefined) return undefined;
      more = next;
    }
    return { is: 'map', ...place, entries, size };
  }

  #list(depth: number): Value | Unsure {
    if (depth > DEEPEST) return undefined;
    const place = this.#place();
    const items: Value[] = [];
    let size = 1;
    this.#at++;
    for (let more = this.#first(CLOSE_LIST); more; ) {
      const item = this.value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      size += item.size;
      const next = this.#next(CLOSE_LIST);
      if (next === undefined) return undefined;
      more = next;
    }
    return { is: 'list', ...place, items, size };
  }

  /** Whether a member follows the bracket; steps over the one that closes it if none does. */
  #first(close: number): boolean {
    this.skipBlanks();
    if (this.#text.charCodeAt(this.#at) !== close) return true;
    this.#at++;
    return false;
  }

  /** Whether another member follows; steps over its comma, or over the bracket. */
  #next(close: number): boolean | Unsure {
    this.skipBlanks();
    const code = this.#text.charCodeAt(this.#at++);
    if (code === close) return false;
    if (code !== COMMA) return undefined;
    this.skipBlanks();
    return true;
  }

  /** Steps over a key, its colon, and what stands before the value. */
  #key(): string | Unsure {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) return undefined;
    const start = this.#at;
    const name = this.#quoted();
    if (name === undefined || this.#at - start > LONGEST_KEY || this.#text.charCodeAt(this.#at) !== COLON)
      return undefined;
    this.#at++;
    while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
    return name;
  }

  #quoted(): string | Unsure {
    const text = this.#text;
    const start = this.#at + 1;
    let isPlain = true;
    let at = start;
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
      if (!(code >= SPACE && (code < 0x7f || code >= FIRST_BEYOND))) return undefined;
      if (code !== BACKSLASH) continue;
      isPlain = false;
      at++;
    }
    this.#at = at + 1;
    return isPlain ? text.slice(start, at) : unescaped(text.slice(start - 1, at + 1));
  }

  #word(place: { readonly line: number; readonly column: number }): Value | Unsure {
    WORD.lastIndex = this.#at;
    const written = WORD.exec(this.#text)?.[0];
    if (written === undefined) return undefined;
    this.#at += written.length;
    const scalar = resolvePlain(written);
    return scalar.is === 'boolean' ? { ...scalar, ...place, written, size: 1 } : { ...scalar, ...place, size: 1 };
  }

  #place(): { readonly line: number; readonly column: number } {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }
}

function unescaped(quoted: string): string | Unsure {
  try {
    return JSON.parse(quoted) as string; // a text in quotes
  } catch {
    return undefined;
  }
}
