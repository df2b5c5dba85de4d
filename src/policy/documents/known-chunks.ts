/**
 * What the documents of a file came to when it was read last, by their text, so that an edit costs what it changed.
 * @module
 */

interface Known<T> {
  /** Line at which the chunk began. */
  readonly line: number;
  readonly reading: T;
}

/** Keeps what the last reading of a file came to, and no more. */
export class KnownChunks<T> {
  #before = new Map<string, Known<T>>();
  #now = new Map<string, Known<T>>();

  /** What a text came to, its places moved to where it stands now. */
  at(text: string, line: number, read: () => T): T {
    const known = this.#now.get(text) ?? this.#before.get(text);
    const reading = known === undefined ? read() : moved(known.reading, line - known.line);
    this.#now.set(text, { line, reading });
    return reading;
  }

  /** To be called when the file has been read whole. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

/** Members that hold no place, and that stay the same object wherever a document stands. */
const placeless: ReadonlySet<string> = new Set(['ref', 'http', 'tcp', 'subject', 'keys']);

/** The same value with every place in it moved down by some lines; the same object if there is none. */
function moved<T>(value: T, lines: number): T {
  return lines === 0 ? value : (movedAny(value, lines) as T); // of the same form
}

function movedAny(value: unknown, lines: number): unknown {
  if (Array.isArray(value)) return movedList(value, lines);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value);
  let changed = false;
  for (const entry of entries) {
    const [name, member] = entry;
    if (placeless.has(name)) continue;
    const now = name === 'line' && typeof member === 'number' ? member + lines : movedAny(member, lines);
    changed ||= now !== member;
    entry[1] = now;
  }
  return changed ? Object.fromEntries(entries) : value;
}

function movedList(list: readonly unknown[], lines: number): readonly unknown[] {
  const now = list.map((item) => movedAny(item, lines));
  return now.some((item, i) => item !== list[i]) ? now : list;
}
