/**
 * What was read from a document that now stands some lines further down or up.
 * @module
 */

/** Members that hold no place, and that stay the same object wherever a document stands. */
const placeless: ReadonlySet<string> = new Set(['ref', 'http', 'tcp', 'subject', 'keys']);

/** The same value with every place in it moved down by some lines; the same object if there is none. */
export function moved<T>(value: T, lines: number): T {
  return lines === 0 || !isObject(value) ? value : (movedAny(value, lines) as T); // of the same form
}

function movedAny(value: object, lines: number): object {
  if (Array.isArray(value)) return movedList(value, lines);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const record = value as Record<string, unknown>; // a plain object, whose members have names that are ours
  let copy: Record<string, unknown> | undefined;
  for (const name in record) {
    const member = record[name];
    let now = member;
    if (typeof member === 'number') {
      if (name === 'line') now = member + lines;
    } else if (isObject(member) && !placeless.has(name)) now = movedAny(member, lines);
    if (now === member) continue;
    copy ??= { ...record };
    copy[name] = now;
  }
  return copy ?? value;
}

function movedList(list: readonly unknown[], lines: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [i, item] of list.entries()) {
    const now = isObject(item) ? movedAny(item, lines) : item;
    if (now === item) continue;
    copy ??= list.slice();
    copy[i] = now;
  }
  return copy ?? list;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
