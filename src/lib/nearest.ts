/**
 * Finds the name that was probably meant.
 * @module
 */

/** Longer names are not taken for misspelt ones. */
const MOST_CHARACTERS = 64;

/**
 * The known word closest to `word`, or undefined if none is close. Case, `_` and `-` do not count as differences.
 * Ties go to the earlier one.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = flatten(word);
  if (plain.length > MOST_CHARACTERS) return undefined;
  const search = searchFrom(plain, Math.max(1, Math.floor(plain.length / 3)), flatten);
  for (const candidate of known) search.see(candidate);
  return search.found();
}

/** A search that is shown one candidate after the other, so that they need not all be in memory. */
export interface NearestSearch {
  see(candidate: string): void;
  /** The closest one so far; undefined while none is close. */
  found(): string | undefined;
}

/** Starts a search for the name at most `most` slips away from `name`; everything counts as a difference. */
export function nearestSearch(name: string, most: number): NearestSearch {
  return searchFrom(name, most, (candidate) => candidate);
}

function searchFrom(plain: string, most: number, plainOf: (word: string) => string): NearestSearch {
  let best: string | undefined;
  let least = most + 1;
  return {
    see(candidate) {
      if (least === 0) return;
      const distance = editDistance(plain, plainOf(candidate), least - 1);
      if (distance >= least) return;
      least = distance;
      best = candidate;
    },
    found: () => best,
  };
}

const flatten = (word: string): string => word.toLowerCase().replaceAll(/[_-]/g, '');

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; some number above `most` where they are
 * more than that, which is soon known.
 */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  const far = most + 1;
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    // Only what lies beside the diagonal can still be within reach.
    const [from, to] = [Math.max(1, i - most), Math.min(b.length, i + most)];
    const row: number[] = [];
    row[from - 1] = from === 1 ? i : far;
    let nearestOfRow = row[from - 1]!;
    for (let j = from; j <= to; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((above[j] ?? far) + 1, row[j - 1]! + 1, (above[j - 1] ?? far) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (twoAbove[j - 2] ?? far) + 1);
      row[j] = least;
      nearestOfRow = Math.min(nearestOfRow, least);
    }
    if (nearestOfRow > most) return far;
    [twoAbove, above] = [above, row];
  }
  return above[b.length] ?? far;
}

/** Keys that a zod schema knows at a path, for saying which one was probably meant; empty where it has no fixed keys. */
export function keysAt(schema: unknown, path: readonly (string | number)[]): string[] {
  let at: unknown = schema;
  for (const part of path) at = stepInto(unwrap(at), part);
  const shape = objectShape(unwrap(at));
  return shape === undefined ? [] : Object.keys(shape);
}

interface Definition {
  readonly type: string;
  readonly innerType?: unknown;
  readonly element?: unknown;
  readonly options?: readonly unknown[];
  readonly shape?: Readonly<Record<string, unknown>>;
}

const definitionOf = (schema: unknown): Definition | undefined => (schema as { def?: Definition } | undefined)?.def; // every zod schema has `def`; its public types are per kind

/** Takes off `prefault`, `optional` and the like; of a union, the branches with keys as one, and the elements of its list. */
function unwrap(schema: unknown): unknown {
  const definition = definitionOf(schema);
  if (definition?.innerType !== undefined) return unwrap(definition.innerType);
  if (definition?.type === 'union') {
    const shapes = (definition.options ?? []).flatMap((option) => objectShape(unwrap(option)) ?? []);
    const list = (definition.options ?? []).find((option) => definitionOf(option)?.type === 'array');
    const element = definitionOf(list)?.element;
    return { def: { type: 'object', shape: Object.assign({}, ...shapes), ...(element !== undefined && { element }) } };
  }
  return schema;
}

function objectShape(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const definition = definitionOf(schema);
  return definition?.type === 'object' ? definition.shape : undefined;
}

function stepInto(schema: unknown, part: string | number): unknown {
  return typeof part === 'number' ? definitionOf(schema)?.element : objectShape(schema)?.[part];
}
