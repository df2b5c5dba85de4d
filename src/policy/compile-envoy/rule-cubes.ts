/**
 * Cuts a rule into cubes: alternatives of which each asks some values, by which it is filed in the tree, and the rest besides.
 * @module
 */
import type { Expr } from '../model.ts';
import { keysOf, noUses, type SayContext, sayCondition, type Uses, valuesHold } from './conditions.ts';
import type { TextValues } from './text-values.ts';
import type { Predicate } from './tree/tree.ts';

/** One alternative of a rule. */
export interface Cube {
  /** One for each input at most. */
  readonly keys: readonly TextValues[];
  /** What must hold besides. */
  readonly rest: readonly Predicate[];
  readonly uses: Uses;
}

/** More alternatives than this are not cut apart. */
const MOST_CUBES = 64;

/** Cuts a condition; it holds if one of the cubes does. Cubes that never hold are left out. */
export function cubesOf(expr: Expr, context: SayContext): readonly Cube[] {
  if (expr.op === 'any') {
    const cubes = expr.of.flatMap((part) => cubesOf(part, context));
    return cubes.length <= MOST_CUBES ? cubes : oneCube(expr, context);
  }
  if (expr.op === 'all') {
    let cubes: readonly Cube[] = [empty()];
    for (const part of expr.of) {
      const parts = cubesOf(part, context);
      const factor = cubes.length * parts.length <= MOST_CUBES ? parts : oneCube(part, context);
      cubes = cubes.flatMap((left) => factor.map((right) => merged(left, right)));
    }
    return cubes;
  }
  if (expr.op === 'not') return oneCube(expr, context);
  const uses = noUses();
  const values = keysOf(expr, context, uses);
  return values === undefined ? oneCube(expr, context) : [{ keys: [values], rest: [], uses }];
}

const empty = (): Cube => ({ keys: [], rest: [], uses: noUses() });

/** The condition as it stands, filed by nothing. */
function oneCube(expr: Expr, context: SayContext): readonly Cube[] {
  const uses = noUses();
  const said = sayCondition(expr, context, uses);
  if (said === 'never') return [];
  return [{ keys: [], rest: said === 'always' ? [] : said.op === 'all' ? said.of : [said], uses }];
}

function merged(left: Cube, right: Cube): Cube {
  const keys = [...left.keys];
  const rest = [...left.rest, ...right.rest];
  for (const values of right.keys) {
    if (keys.every(({ input }) => input !== values.input)) keys.push(values);
    else rest.push(valuesHold(values) as Predicate); // it has a key at least
  }
  return { keys, rest, uses: joinedUses(left.uses, right.uses) };
}

/** What both use. */
function joinedUses(left: Uses, right: Uses): Uses {
  const joined = { ...left, inputs: new Set(left.inputs), unsayable: new Set(left.unsayable) };
  addUses(joined, right);
  return joined;
}

/** Adds what the other uses. */
export function addUses(into: Uses, { inputs, readsNamespaces, unsayable }: Uses): void {
  for (const input of inputs) into.inputs.add(input);
  for (const field of unsayable) into.unsayable.add(field);
  into.readsNamespaces ||= readsNamespaces;
}

const isSame = (a: Uses, b: Uses): boolean =>
  a.readsNamespaces === b.readsNamespaces &&
  isSameSet<string>(a.inputs, b.inputs) &&
  isSameSet(a.unsayable, b.unsayable);

function isSameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  if (a.size !== b.size) return false;
  for (const each of a) if (!b.has(each)) return false;
  return true;
}

let lastShared: Uses | undefined;
const sharedByText = new Map<string, Uses>();
const MOST_SHARED = 4096;

/** The same value for what is the same: most rules read the same few things. */
export function sharedUses(uses: Uses): Uses {
  if (lastShared !== undefined && isSame(lastShared, uses)) return lastShared;
  const { inputs, readsNamespaces, unsayable } = uses;
  const text = `${readsNamespaces} ${[...inputs].sort().join(' ')}\n${[...unsayable].sort().join('\n')}`;
  const known = sharedByText.get(text) ?? uses;
  if (sharedByText.size >= MOST_SHARED) sharedByText.clear();
  sharedByText.set(text, known);
  lastShared = known;
  return known;
}
