/**
 * A list told by what is new in it to one who has the list before: plain data, as large as what has changed.
 * @module
 */
import { listEdit } from './list-edit.ts';

/** The new list, piece by piece. */
export interface ListPatch<T> {
  /** Pairs: where a piece begins in the list before, and its length; a piece that begins at `FRESH` is the next of `fresh`. */
  readonly pieces: Uint32Array;
  readonly fresh: readonly T[];
}

const FRESH = 0xff_ff_ff_ff;

/** What makes `after` of `before`, both lists of distinct values; undefined if they are the same. */
export function listPatch<T>(before: readonly T[], after: readonly T[]): ListPatch<T> | undefined {
  const { gone, came, from, to } = listEdit(before, after);
  const shift = before.length - after.length;
  if (gone.length === 0 && came.size === 0 && shift === 0 && from >= to) return undefined;
  const placeOf = placesIn(before, from, to + shift, new Set(gone), came);
  const pieces: number[] = [];
  const fresh: T[] = [];
  const add = (at: number, count: number): void => {
    const length = pieces.length;
    const [start, counted] = [pieces[length - 2], pieces[length - 1]];
    const goesOn = at === FRESH ? start === FRESH : start !== FRESH && start! + counted! === at;
    if (goesOn) pieces[length - 1] = counted! + count;
    else pieces.push(at, count);
  };
  if (from > 0) add(0, from);
  for (let i = from; i < to; i++) {
    const place = placeOf(after[i]!);
    if (place === undefined) fresh.push(after[i]!);
    add(place ?? FRESH, 1);
  }
  if (to < after.length) add(to + shift, after.length - to);
  return { pieces: Uint32Array.from(pieces), fresh };
}

/** Asked for the values of a list in their order: where each stood, or undefined if it came. Those that only moved are looked up. */
function placesIn<T>(
  before: readonly T[],
  from: number,
  end: number,
  gone: ReadonlySet<T>,
  came: ReadonlySet<T>,
): (value: T) => number | undefined {
  let at = from;
  let places: Map<T, number> | undefined;
  return (value) => {
    while (at < end && gone.has(before[at]!)) at++;
    if (at < end && before[at] === value) return at++;
    if (came.has(value)) return undefined;
    if (places === undefined) {
      places = new Map();
      for (let i = from; i < end; i++) places.set(before[i]!, i);
    }
    const place = places.get(value);
    if (place !== undefined) at = place + 1;
    return place;
  };
}

/** The list that a patch tells of; the one before where there is no patch. */
export function patched<T>(before: readonly T[], patch: ListPatch<T> | undefined): readonly T[] {
  if (patch === undefined) return before;
  const { pieces, fresh } = patch;
  const list: T[] = [];
  let taken = 0;
  for (let i = 0; i < pieces.length; i += 2) {
    const [at, count] = [pieces[i]!, pieces[i + 1]!];
    const source = at === FRESH ? fresh : before;
    const start = at === FRESH ? taken : at;
    for (let k = start; k < start + count; k++) list.push(source[k]!);
    if (at === FRESH) taken += count;
  }
  return list;
}
