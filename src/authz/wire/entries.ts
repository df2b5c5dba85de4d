/**
 * Reads the key–value messages of a CheckRequest: map entries (labels, headers, context extensions) and raw header lines.
 * @module
 */
import { cursor, readLength, readTag, readText, skipField } from './reader.ts';

/** Offsets of one entry: key begin, key end, value begin, value end. An absent key or value is empty. */
const FIELDS = 4;
const KEY = 1 * 8 + 2;
const VALUE = 2 * 8 + 2;
const RAW_VALUE = 3 * 8 + 2;

/** Key and value offsets of many entries, reused from request to request. */
export class Entries {
  readonly #offsets: number[] = [];

  get count(): number {
    return this.#offsets.length / FIELDS;
  }

  clear(): void {
    this.#offsets.length = 0;
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
    if (rawEnd > rawAt) this.#offsets.push(keyAt, keyEnd, rawAt, rawEnd);
    else this.#offsets.push(keyAt, keyEnd, valueAt, valueEnd);
  }

  key(bytes: Buffer, index: number): string {
    return readText(bytes, this.#offsets[index * FIELDS]!, this.#offsets[index * FIELDS + 1]!);
  }

  value(bytes: Buffer, index: number): string {
    return readText(bytes, this.#offsets[index * FIELDS + 2]!, this.#offsets[index * FIELDS + 3]!);
  }

  /** Tells whether the key of an entry is `name` (lower-case), without regard to ASCII case. */
  hasKey(bytes: Buffer, index: number, name: string): boolean {
    const begin = this.#offsets[index * FIELDS]!;
    if (this.#offsets[index * FIELDS + 1]! - begin !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      const byte = bytes[begin + i]!;
      if ((byte >= 65 && byte <= 90 ? byte | 0x20 : byte) !== name.charCodeAt(i)) return false;
    }
    return true;
  }
}

/** The entries of a `map<string, string>`, by key; of equal keys the last one counts. `spans` are pairs of offsets. */
export function readMap(bytes: Buffer, spans: readonly number[]): Map<string, string> {
  const entries = new Entries();
  for (let i = 0; i < spans.length; i += 2) entries.addMapEntry(bytes, spans[i]!, spans[i + 1]!);
  const map = new Map<string, string>();
  for (let i = 0; i < entries.count; i++) map.set(entries.key(bytes, i), entries.value(bytes, i));
  return map;
}
