/**
 * Reads the key–value messages of a CheckRequest: map entries (labels, headers, context extensions) and raw header lines.
 * @module
 */
import { cursor, readLength, readTag, readText, skipField } from './reader.ts';
import { Spans } from './spans.ts';

const KEY = 1 * 8 + 2;
const VALUE = 2 * 8 + 2;
const RAW_VALUE = 3 * 8 + 2;

/** Where the keys and values of many entries lie, reused from request to request. An absent key or value is empty. */
export class Entries {
  readonly #keys = new Spans();
  readonly #values = new Spans();

  get count(): number {
    return this.#keys.count;
  }

  clear(): void {
    this.#keys.clear();
    this.#values.clear();
  }

  /** Adds a `map<string, string>` entry that lies between `begin` and `end`. */
  addMapEntry(bytes: Buffer, begin: number, end: number): void {
    this.#add(bytes, begin, end, false);
  }

  /** Adds every line of an `envoy.config.core.v3.HeaderMap` that lies between `begin` and `end`. */
  addHeaderMap(bytes: Buffer, begin: number, end: number): void {
    cursor.at = begin;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag !== KEY) {
        skipField(bytes, end, tag);
        continue;
      }
      const stop = readLength(bytes, end);
      this.#add(bytes, cursor.at, stop, true);
      cursor.at = stop;
    }
  }

  /** A line's value is `raw_value` if it has one, else `value`. */
  #add(bytes: Buffer, begin: number, end: number, isLine: boolean): void {
    let keyAt = begin;
    let keyEnd = begin;
    let valueAt = begin;
    let valueEnd = begin;
    let rawAt = begin;
    let rawEnd = begin;
    cursor.at = begin;
    while (cursor.at < end) {
      const tag = readTag(bytes, end);
      if (tag !== KEY && tag !== VALUE && !(isLine && tag === RAW_VALUE)) {
        skipField(bytes, end, tag);
        continue;
      }
      const stop = readLength(bytes, end);
      if (tag === KEY) {
        keyAt = cursor.at;
        keyEnd = stop;
      } else if (tag === VALUE) {
        valueAt = cursor.at;
        valueEnd = stop;
      } else {
        rawAt = cursor.at;
        rawEnd = stop;
      }
      cursor.at = stop;
    }
    this.#keys.push(keyAt, keyEnd);
    if (rawEnd > rawAt) this.#values.push(rawAt, rawEnd);
    else this.#values.push(valueAt, valueEnd);
  }

  key(bytes: Buffer, index: number): string {
    return readText(bytes, this.#keys.begin(index), this.#keys.end(index));
  }

  value(bytes: Buffer, index: number): string {
    return readText(bytes, this.#values.begin(index), this.#values.end(index));
  }

  valueBegin(index: number): number {
    return this.#values.begin(index);
  }

  valueEnd(index: number): number {
    return this.#values.end(index);
  }

  /** Tells whether the key of an entry is `name` (lower-case), without regard to ASCII case. */
  hasKey(bytes: Buffer, index: number, name: string): boolean {
    const begin = this.#keys.begin(index);
    if (this.#keys.end(index) - begin !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      const byte = bytes[begin + i]!;
      if ((byte >= 65 && byte <= 90 ? byte | 0x20 : byte) !== name.charCodeAt(i)) return false;
    }
    return true;
  }
}

/** The entries of a `map<string, string>`, by key; of equal keys the last one counts. */
export function readMap(bytes: Buffer, spans: Spans): Map<string, string> {
  const entries = new Entries();
  for (let i = 0; i < spans.count; i++) entries.addMapEntry(bytes, spans.begin(i), spans.end(i));
  const map = new Map<string, string>();
  for (let i = 0; i < entries.count; i++) map.set(entries.key(bytes, i), entries.value(bytes, i));
  return map;
}
