/**
 * JSON that was parsed by others → placed values.
 *
 * Places are those that the value has when it is written with an indentation of two, one field a line: so its text can be made when somebody wants to
 * see it, and need not be kept.
 * @module
 */
import type { Entry, Value } from '../documents/value.ts';

/** The text that the places are about. */
export function placedText(json: unknown): string {
  return JSON.stringify(json, null, 2);
}

/** Places a value of JSON. @param json  what `JSON.parse` made */
export function placedJson(json: unknown): Value {
  return new Placer().place(json, 1, 0);
}

class Placer {
  #line = 1;

  /** @param column  where the value begins @param indent  of the line that it begins on */
  place(json: unknown, column: number, indent: number): Value {
    const at = { line: this.#line, column };
    if (typeof json === 'string') return { is: 'text', ...at, text: json, size: 1 };
    if (typeof json === 'number')
      return { is: 'number', ...at, text: String(json), integer: Number.isInteger(json), size: 1 };
    if (typeof json === 'boolean') return { is: 'boolean', ...at, value: json, written: String(json), size: 1 };
    if (Array.isArray(json)) return this.#list(json, at, indent);
    return typeof json === 'object' && json !== null ? this.#map(json, at, indent) : { is: 'null', ...at, size: 1 };
  }

  #list(all: readonly unknown[], at: { readonly line: number; readonly column: number }, indent: number): Value {
    const inner = indent + 2;
    let size = 1;
    const items = all.map((one) => {
      this.#line++;
      const item = this.place(one, inner + 1, inner);
      size += item.size;
      return item;
    });
    if (items.length > 0) this.#line++;
    return { is: 'list', ...at, items, size };
  }

  #map(of: object, at: { readonly line: number; readonly column: number }, indent: number): Value {
    const inner = indent + 2;
    const entries = new Map<string, Entry>();
    let size = 1;
    for (const [name, one] of Object.entries(of)) {
      if (one === undefined) continue;
      this.#line++;
      const key = { line: this.#line, column: inner + 1 };
      const value = this.place(one, inner + 1 + JSON.stringify(name).length + 2, inner);
      size += value.size;
      entries.set(name, { key, value });
    }
    if (entries.size > 0) this.#line++;
    return { is: 'map', ...at, entries, size };
  }
}
