/**
 * What was read from a document that now stands some lines further down or up, or in another file.
 * @module
 */

/** Members that hold no place, and that stay the same object wherever a document stands. */
const placeless: ReadonlySet<string> = new Set([...['ref', 'subject', 'keys'], ...['http', 'tcp', 'check', 'network']]);

/** The same value with every place in it moved down by some lines; the same object if there is none. */
export function moved<T>(value: T, lines: number): T {
  const down: Change = (name, member) => (name === 'line' && typeof member === 'number' ? member + lines : member);
  return lines === 0 || !isObject(value) ? value : (changed(value, down) as T); // of the same form
}

/** The same value with every place in it in a file of another name; the same object if there is none. */
export function inFile<T>(value: T, file: string): T {
  const rename: Change = (name, member) => (name === 'file' && typeof member === 'string' ? file : member);
  return isObject(value) ? (changed(value, rename) as T) : value; // of the same form
}

/** A member as it is to be; the same value where it is not of a place. */
type Change = (name: string, member: unknown) => unknown;

function changed(value: object, change: Change): object {
  if (Array.isArray(value)) return changedList(value, change);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const record = value as Record<string, unknown>; // a plain object, whose members have names that are ours
  let copy: Record<string, unknown> | undefined;
  for (const name in record) {
    const member = record[name];
    const now = !isObject(member) ? change(name, member) : placeless.has(name) ? member : changed(member, change);
    if (now === member) continue;
    copy ??= { ...record };
    copy[name] = now;
  }
  return copy ?? value;
}

function changedList(list: readonly unknown[], change: Change): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [i, item] of list.entries()) {
    const now = isObject(item) ? changed(item, change) : item;
    if (now === item) continue;
    copy ??= list.slice();
    copy[i] = now;
  }
  return copy ?? list;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
