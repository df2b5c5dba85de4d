/**
 * Reads the YAML that people and programs usually write, in one pass: block maps and lists, scalars and flow collections of one
 * line, no anchors, tags, escapes or repeated keys.
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

/** What a character may be in a scalar that is not quoted. */
const cls = { never: 0, inside: 1, first: 2, letter: 3 } as const;
const kindOf = new Uint8Array(128);
for (let code = 0x20; code < 0x7f; code++) kindOf[code] = cls.inside;
for (const char of '0123456789/.+$^~(') kindOf[char.charCodeAt(0)] = cls.first;
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_') kindOf[char.charCodeAt(0)] = cls.letter;
for (const char of '#"\'`') kindOf[char.charCodeAt(0)] = cls.never;

/** Ends a scalar inside of brackets. */
const isFlowEnd = (code: number): boolean => code === COMMA || code === CLOSE_LIST || code === CLOSE_MAP;

const NEWLINE = 10;
const SPACE = 32;
const DOUBLE = 34;
const HASH = 35;
const SINGLE = 39;
const COMMA = 44;
const DASH = 45;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_MAP = 123;
const CLOSE_MAP = 125;

/** Reads one document; undefined: the full parser must. */
export function readUsualYaml({ text, line }: Chunk): Value | Unsure {
  const reader = new Reader(text, line);
  reader.nextLine();
  if (reader.indent !== 0) return undefined;
  const value = reader.block(0, 0);
  return value !== undefined && reader.indent < 0 ? value : undefined;
}

class Reader {
  readonly #text: string;
  /** Where the next character is, and its line. */
  #at = 0;
  #line: number;
  #lineStart = 0;
  /** Column, from 0, of the first character of the line at hand; -1: there is no more. */
  indent = -1;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line - 1;
  }

  /** Goes to the first character of the next line that says something. To be called at a line's end, or at the start. */
  nextLine(): void {
    const text = this.#text;
    for (let start = this.#at; start < text.length; ) {
      this.#line++;
      let at = start;
      while (text.charCodeAt(at) === SPACE) at++;
      const code = text.charCodeAt(at);
      if (code !== NEWLINE && code !== HASH && at < text.length) {
        this.#lineStart = start;
        this.#at = at;
        this.indent = at - start;
        return;
      }
      const end = text.indexOf('\n', at);
      start = end < 0 ? text.length : end + 1;
    }
    this.indent = -1;
  }

  /** The map or list whose lines stand at `indent`, where the reader stands. */
  block(indent: number, depth: number): Value | Unsure {
    if (depth > DEEPEST) return undefined;
    return this.#isDash() ? this.#list(indent, depth) : this.#map(indent, depth);
  }

  #isDash(): boolean {
    return this.#text.charCodeAt(this.#at) === DASH && this.#text.charCodeAt(this.#at + 1) === SPACE;
  }

  #list(indent: number, depth: number): Value | Unsure {
    const line = this.#line;
    const column = this.#at - this.#lineStart + 1;
    const items: Value[] = [];
    let size = 1;
    while (this.indent === indent && this.#isDash()) {
      this.#at++;
      this.#skipSpaces();
      const at = this.#at - this.#lineStart;
      if (this.#isDash()) return undefined;
      const item = this.#startsKey() ? this.#nested(at, depth) : this.#inline(indent, depth);
      if (item === undefined) return undefined;
      items.push(item);
      size += item.size;
    }
    return this.indent > indent ? undefined : { is: 'list', line, column, items, size };
  }

  /** A map that begins behind a dash; its other lines stand below its first key. */
  #nested(at: number, depth: number): Value | Unsure {
    this.indent = at;
    return depth > DEEPEST ? undefined : this.#map(at, depth + 1);
  }

  #map(indent: number, depth: number): Value | Unsure {
    const line = this.#line;
    const column = this.#at - this.#lineStart + 1;
    const entries = new Map<string, Entry>();
    let size = 1;
    while (this.indent === indent) {
      const key = { line: this.#line, column: this.#at - this.#lineStart + 1 };
      const name = this.#key();
      if (name === undefined || entries.has(name)) return undefined;
      const value = this.#isLineEnd() ? this.#below(indent, depth) : this.#inline(indent, depth);
      if (value === undefined) return undefined;
      entries.set(name, { key, value });
      size += value.size;
    }
    return this.indent > indent ? undefined : { is: 'map', line, column, entries, size };
  }

  /** What stands on the lines below a key. */
  #below(indent: number, depth: number): Value | Unsure {
    this.#endLine();
    if (this.indent > indent) return this.block(this.indent, depth + 1);
    return this.indent === indent && this.#isDash() ? this.#list(indent, depth + 1) : undefined;
  }

  /** A value that ends with its line, and whose parent stands at `indent`. */
  #inline(indent: number, depth: number): Value | Unsure {
    const value = this.#value(false, depth);
    if (value === undefined || !this.#isLineEnd()) return undefined;
    this.#endLine();
    return this.indent > indent ? undefined : value; // deeper lines go on with it
  }

  #value(inFlow: boolean, depth: number): Value | Unsure {
    const code = this.#text.charCodeAt(this.#at);
    if (code === DOUBLE || code === SINGLE) return this.#quoted(code);
    if (code === OPEN_LIST) return this.#flowList(depth);
    return code === OPEN_MAP ? this.#flowMap(depth) : this.#plain(inFlow);
  }

  #quoted(quote: number): Value | Unsure {
    const text = this.#text;
    const start = this.#at + 1;
    let at = start;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (!(code >= SPACE && code < 0x7f) || code === BACKSLASH) return undefined;
    }
    if (text.charCodeAt(at + 1) === quote) return undefined;
    const value = { is: 'text', ...this.#place(), text: text.slice(start, at), size: 1 } as const;
    this.#at = at + 1;
    return value;
  }

  #plain(inFlow: boolean): Value | Unsure {
    const text = this.#text;
    const start = this.#at;
    if (!(kindOf[text.charCodeAt(start)]! >= cls.first)) return undefined;
    let at = start + 1;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE || (inFlow && isFlowEnd(code))) break;
      if (!(kindOf[code]! > cls.never)) return undefined;
      if (inFlow && (code === OPEN_LIST || code === OPEN_MAP)) return undefined;
      if (code === COLON && !(kindOf[text.charCodeAt(at + 1)]! >= cls.first)) return undefined;
    }
    let end = at;
    while (text.charCodeAt(end - 1) === SPACE) end--;
    const written = text.slice(start, end);
    const scalar = resolvePlain(written);
    const place = this.#place();
    this.#at = at;
    return scalar.is === 'boolean' ? { ...scalar, ...place, written, size: 1 } : { ...scalar, ...place, size: 1 };
  }

  #flowList(depth: number): Value | Unsure {
    const place = this.#place();
    const items: Value[] = [];
    let size = 1;
    this.#at++;
    this.#skipSpaces();
    if (depth > DEEPEST) return undefined;
    while (this.#text.charCodeAt(this.#at) !== CLOSE_LIST) {
      const item = this.#value(true, depth + 1);
      if (item === undefined || !this.#comma(CLOSE_LIST)) return undefined;
      items.push(item);
      size += item.size;
    }
    this.#at++;
    return { is: 'list', ...place, items, size };
  }

  #flowMap(depth: number): Value | Unsure {
    const place = this.#place();
    const entries = new Map<string, Entry>();
    let size = 1;
    this.#at++;
    this.#skipSpaces();
    if (depth > DEEPEST) return undefined;
    while (this.#text.charCodeAt(this.#at) !== CLOSE_MAP) {
      const key = this.#place();
      const name = this.#key();
      if (name === undefined || entries.has(name)) return undefined;
      const value = this.#value(true, depth + 1);
      if (value === undefined || !this.#comma(CLOSE_MAP)) return undefined;
      entries.set(name, { key, value });
      size += value.size;
    }
    this.#at++;
    return { is: 'map', ...place, entries, size };
  }

  /** Steps over the comma between two members, which one must follow; nothing to step over before `close`. */
  #comma(close: number): boolean {
    this.#skipSpaces();
    const text = this.#text;
    if (text.charCodeAt(this.#at) === close) return true;
    if (text.charCodeAt(this.#at) !== COMMA) return false;
    this.#at++;
    this.#skipSpaces();
    return text.charCodeAt(this.#at) !== close;
  }

  #startsKey(): boolean {
    return this.#keyEnd() >= 0;
  }

  /** Where the colon of a key stands; -1 if no key of letters, digits and `_./-` begins here. */
  #keyEnd(): number {
    const text = this.#text;
    let at = this.#at;
    if (kindOf[text.charCodeAt(at)] !== cls.letter) return -1;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (code === COLON) break;
      if (at - this.#at > LONGEST_KEY) return -1;
      if (kindOf[code] !== cls.letter && code !== DASH && !(code >= 46 && code <= 57)) return -1;
    }
    const after = text.charCodeAt(at + 1);
    return after === SPACE || after === NEWLINE || at + 1 === text.length ? at : -1;
  }

  /** Steps over a key and what stands before its value. A word that means something else than itself is no key. */
  #key(): string | undefined {
    const end = this.#keyEnd();
    if (end < 0) return undefined;
    const name = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    this.#skipSpaces();
    return resolvePlain(name).is === 'text' ? name : undefined;
  }

  #skipSpaces(): void {
    while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
  }

  #isLineEnd(): boolean {
    this.#skipSpaces();
    return this.#at >= this.#text.length || this.#text.charCodeAt(this.#at) === NEWLINE;
  }

  #endLine(): void {
    this.#at++;
    this.nextLine();
  }

  #place(): { readonly line: number; readonly column: number } {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }
}
