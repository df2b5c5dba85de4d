/**
 * Reads a JSON object as protobuf's parser reads a `google.protobuf.Struct`, which is what Envoy reads tokens with.
 *
 * Where it is stricter than `JSON.parse`, so are we: a name that is given twice, more than 100 levels, and numbers beyond a double are errors.
 * Where it is laxer, so are we: single quotes, bare names, a trailing comma, control characters in strings. Input and output are byte
 * strings; `\u` escapes become UTF-8.
 * @module
 */
import type { Claims, ClaimValue } from './claims.ts';

const maxDepth = 100;

/** Parses `text`, a byte string; undefined if it is not a JSON object. `null` counts as an empty one. Never throws. */
export function parseJsonObject(text: string): Claims | undefined {
  const reader = new Reader(text);
  const value = reader.value(0);
  if (value === undefined || !reader.atEnd()) return undefined;
  if (value === null) return new Map();
  return value instanceof Map ? (value as Claims) : undefined;
}

const space = /[ \t\r\n]*/y;
const numeral = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const bareName = /[A-Za-z_]\w*/y;
/** What needs no second look inside a string: neither quote, nor escape, nor a byte of a longer UTF-8 sequence. */
const plain = /[^"'\\\x80-\xff]+/y;
const utf8Character =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|[\xe1-\xec\xee\xef][\x80-\xbf])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}/y;
const simpleEscapes = new Map([
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** A recursive descent; every method gives undefined for an error, after which nothing is read any more. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#match(space);
    return this.#at === this.#text.length;
  }

  value(depth: number): ClaimValue | undefined {
    const next = this.#peek();
    if (next === '{') return this.#object(depth + 1);
    if (next === '[') return this.#list(depth + 1);
    if (next === '"' || next === "'") return this.#string();
    if (next === 't') return this.#take('true') || undefined;
    if (next === 'f') return this.#take('false') ? false : undefined;
    if (next === 'n') return this.#take('null') ? null : undefined;
    return this.#number();
  }

  #object(depth: number): Claims | undefined {
    this.#at++;
    if (depth > maxDepth) return undefined;
    const members = new Map<string, ClaimValue>();
    if (this.#take('}')) return members;
    for (;;) {
      const name = this.#name();
      if (name === undefined || members.has(name) || !this.#take(':')) return undefined;
      const value = this.value(depth);
      if (value === undefined) return undefined;
      members.set(name, value);
      const comma = this.#take(',');
      if (this.#take('}')) return members;
      if (!comma) return undefined;
    }
  }

  #list(depth: number): readonly ClaimValue[] | undefined {
    this.#at++;
    if (depth > maxDepth) return undefined;
    const elements: ClaimValue[] = [];
    if (this.#take(']')) return elements;
    for (;;) {
      const value = this.value(depth);
      if (value === undefined) return undefined;
      elements.push(value);
      const comma = this.#take(',');
      if (this.#take(']')) return elements;
      if (!comma) return undefined;
    }
  }

  #name(): string | undefined {
    const next = this.#peek();
    if (next === '"' || next === "'") return this.#string();
    const name = this.#match(bareName);
    return name === undefined || name === 'null' || name === 'true' || name === 'false' ? undefined : name;
  }

  #number(): number | undefined {
    const text = this.#match(numeral);
    const value = Number(text);
    return text === undefined || !Number.isFinite(value) ? undefined : value;
  }

  #string(): string | undefined {
    const quote = this.#text[this.#at++]!;
    let out = '';
    for (;;) {
      out += this.#match(plain) ?? '';
      const next = this.#text[this.#at];
      if (next === undefined) return undefined;
      const piece = next === '\\' ? this.#escape() : next >= '\x80' ? this.#utf8() : this.#skip(next);
      if (next === quote) return out;
      if (piece === undefined) return undefined;
      out += piece;
    }
  }

  #skip(character: string): string {
    this.#at++;
    return character;
  }

  /** One character of 2–4 bytes (RFC 3629): no longer than it must be, no surrogate, none above U+10FFFF. */
  #utf8(): string | undefined {
    return this.#match(utf8Character);
  }

  #escape(): string | undefined {
    const kind = this.#text[this.#at + 1] ?? '';
    this.#at += 2;
    if (kind !== 'u' && kind !== 'U') return simpleEscapes.get(kind);
    const unit = this.#hex4();
    if (unit === undefined || (unit >= 0xdc00 && unit <= 0xdfff)) return undefined;
    if (unit < 0xd800 || unit > 0xdfff) return encodeUtf8(unit);
    const low = this.#take('\\u') ? this.#hex4() : undefined;
    if (low === undefined || low < 0xdc00 || low > 0xdfff) return undefined;
    return encodeUtf8(0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff));
  }

  #hex4(): number | undefined {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    this.#at += 4;
    return /^[\dA-Fa-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
  }

  #peek(): string | undefined {
    this.#match(space);
    return this.#text[this.#at];
  }

  /** Takes `literal` if it comes next after white space. */
  #take(literal: string): boolean {
    this.#match(space);
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

const encodeUtf8 = (codePoint: number): string =>
  Buffer.from(String.fromCodePoint(codePoint), 'utf8').toString('latin1');
