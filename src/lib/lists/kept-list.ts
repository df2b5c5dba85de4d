/**
 * Keeps values the same objects while they say the same, so that what was made of them stays valid.
 * @module
 */
import { listEdit } from './list-edit.ts';

/** How values of a list are told apart: equal ones have one name, and few others have it. */
export interface Likeness<T> {
  nameOf(value: T): string;
  isEqual(a: T, b: T): boolean;
}

/** The new list with values of the old one in place of equal ones; the old list itself if that is the same. */
export function keptList<T extends object>(
  before: readonly T[],
  after: readonly T[],
  { nameOf, isEqual }: Likeness<NoInfer<T>>,
): readonly T[] {
  const { gone, came, from, to } = listEdit(before, after);
  if (gone.length === 0 || came.size === 0) return sameList(before, after) ? before : after;
  const byName = Map.groupBy(gone, nameOf);
  const list = after.slice();
  let isOther = before.length !== after.length;
  for (let i = from; i < list.length; i++) {
    const value = list[i]!;
    if (i < to && came.has(value)) {
      const named = byName.get(nameOf(value));
      const at = named?.findIndex((one) => isEqual(one, value)) ?? -1;
      // Each at most once: lists hold distinct values.
      if (at >= 0) list[i] = named!.splice(at, 1)[0]!;
    }
    isOther ||= list[i] !== before[i];
  }
  return isOther ? list : before;
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** Whether two values of plain data say the same, whatever their members of the names `but` say. */
export function saysTheSame(a: unknown, b: unknown, ...but: readonly string[]): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [ours, theirs] = [Object.entries(a), new Map(Object.entries(b))];
  for (const name of but) theirs.delete(name);
  let seen = 0;
  for (const [name, value] of ours) {
    if (but.includes(name)) continue;
    if (!theirs.has(name) || !saysTheSame(value, theirs.get(name), ...but)) return false;
    seen++;
  }
  return seen === theirs.size;
}
