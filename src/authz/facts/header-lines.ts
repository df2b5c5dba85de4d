/**
 * The header lines of one request, by name.
 * @module
 */
import type { CheckRequest } from '../wire/check-request.ts';
import { part } from '../wire/check-request.ts';
import { Entries } from '../wire/entries.ts';

const none: readonly string[] = [];

/** Pseudo-headers that stand in fields of their own, for a client that does not list them among the headers. */
const fields = new Map([
  [':method', part.method],
  [':path', part.path],
  [':authority', part.host],
  [':scheme', part.scheme],
]);

/** Finds lines when asked; what was found stays known until `begin`. */
export class HeaderLines {
  readonly #request: CheckRequest;
  readonly #entries = new Entries();
  readonly #names: string[] = [];
  readonly #values: (readonly string[])[] = [];
  #known = 0;
  #isRead = false;

  constructor(request: CheckRequest) {
    this.#request = request;
  }

  /** Forgets the last request. */
  begin(): void {
    this.#isRead = false;
    this.#known = 0;
  }

  /** One value a line, in order; `name` is lower-case. `host` is `:authority`, as Envoy has it. */
  of(name: string): readonly string[] {
    const names = this.#names;
    for (let i = 0; i < this.#known; i++) if (names[i] === name) return this.#values[i]!;
    const found = this.#find(name === 'host' ? ':authority' : name);
    names[this.#known] = name;
    this.#values[this.#known] = found;
    this.#known++;
    return found;
  }

  #find(name: string): readonly string[] {
    if (!this.#isRead) this.#readEntries();
    const { bytes, headerMaps } = this.#request;
    const entries = this.#entries;
    let found: string[] | undefined;
    for (let i = 0; i < entries.count; i++) {
      if (!entries.hasKey(bytes, i, name)) continue;
      const value = entries.value(bytes, i);
      if (found === undefined) found = [value];
      else if (headerMaps.count > 0) found.push(value);
      else found[0] = value; // a map: of equal keys the last one counts
    }
    return found ?? this.#fromField(name);
  }

  #fromField(name: string): readonly string[] {
    const field = name.charCodeAt(0) === 58 ? fields.get(name) : undefined;
    if (field === undefined) return none;
    const value = this.#request.text(field);
    return value === '' ? none : [value];
  }

  /** Raw lines where Envoy sends them, else the map in which lines of one name are joined. */
  #readEntries(): void {
    const { bytes, headers, headerMaps } = this.#request;
    this.#entries.clear();
    for (let i = 0; i < headerMaps.count; i++)
      this.#entries.addHeaderMap(bytes, headerMaps.begin(i), headerMaps.end(i));
    if (headerMaps.count === 0) {
      for (let i = 0; i < headers.count; i++) this.#entries.addMapEntry(bytes, headers.begin(i), headers.end(i));
    }
    this.#isRead = true;
  }
}
