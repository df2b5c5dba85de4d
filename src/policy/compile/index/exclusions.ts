/**
 * Rules that cannot be found by what they ask for, ruled out by what they exclude.
 *
 * A rule `path is not /a` fails for a request to `/a`: such keys are filed like others, with a bitmap of the rules that they rule
 * out. A request starts with all rules and strikes off those whose keys it hits.
 * @module
 */
import type { Facts } from '../../facts.ts';
import type { Expr } from '../../model.ts';
import { forEachExclusion } from './anchor.ts';
import { createDimension, type Dimension } from './dimension.ts';

/** The rows that one key rules out, as a bitmap or, if they are few, by position. */
interface Struck {
  readonly positions: number[];
  bitmap: Uint32Array | undefined;
}

/** Rules out rows that cannot hold. */
export interface Exclusions {
  /** A bitmap of the rows that the request does not rule out; valid until the next call. */
  alive(facts: Facts): Int32Array;
}

/** Creates the exclusions of some rows; undefined if nothing rules any of them out. */
export function createExclusions(rows: readonly { readonly condition: Expr }[]): Exclusions | undefined {
  const dimensions = new Map<string, Dimension<Struck>>();
  const all: Struck[] = [];
  for (const [position, { condition }] of rows.entries()) {
    forEachExclusion(condition, (key) => {
      let dimension = dimensions.get(key.dimension);
      if (dimension === undefined) {
        dimension = createDimension(key);
        dimensions.set(key.dimension, dimension);
      }
      const struck = dimension.at(key, () => {
        const made: Struck = { positions: [], bitmap: undefined };
        all.push(made);
        return made;
      });
      if (struck.positions.at(-1) !== position) struck.positions.push(position);
    });
  }
  if (dimensions.size === 0) return undefined;
  const words = Math.ceil(rows.length / 32);
  for (const struck of all) if (struck.positions.length > words / 4) struck.bitmap = toBitmap(struck.positions, words);
  return createAlive([...dimensions.values()], rows.length, words);
}

function createAlive(dimensions: readonly Dimension<Struck>[], rows: number, words: number): Exclusions {
  const full = new Int32Array(words).fill(-1);
  if (rows % 32 !== 0) full[words - 1] = (1 << (rows % 32)) - 1;
  const alive = new Int32Array(words);
  const strike = ({ positions, bitmap }: Struck): void => {
    if (bitmap !== undefined) for (let i = 0; i < bitmap.length; i++) alive[i]! &= ~bitmap[i]!;
    else for (const position of positions) alive[position >> 5]! &= ~(1 << (position & 31));
  };
  return {
    alive(facts) {
      alive.set(full);
      for (const dimension of dimensions) dimension.probe(facts, undefined, strike);
      return alive;
    },
  };
}

function toBitmap(positions: readonly number[], words: number): Uint32Array {
  const bitmap = new Uint32Array(words);
  for (const position of positions) bitmap[position >> 5]! |= 1 << (position & 31);
  return bitmap;
}
