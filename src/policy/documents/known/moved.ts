/**
 * What was read from a document that now stands some lines further down or up.
 * @module
 */

/** Members that hold no place, and that stay the same object wherever a document stands. */
const placeless: ReadonlySet<string> = new Set(['ref', 'http', 'tcp', 'subject', 'keys']);

/** The same value with every place in it moved down by some lines; the same object if there is none. */
export function moved<T>(value: T, lines: number): T {
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
