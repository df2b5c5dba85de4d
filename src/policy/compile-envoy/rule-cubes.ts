/**
 * Cuts a rule into cubes: alternatives of which each asks some values, by which it is filed in the tree, and the rest besides.
 * @module
 */
import type { Expr } from '../model.ts';
import { keysOf, noUses, type SayContext, sayCondition, type Uses, valuesHold } from './conditions.ts';
import type { TextValues } from './text-values.ts';
import type { Input, Predicate } from './tree/tree.ts';

/** One alternative of a rule. */
export interface Cube {
  /** One for each input at most. */
  readonly keys: readonly TextValues[];
  /** What must hold besides. */
  readonly rest: readonly Predicate[];
  readonly uses: SharedUses;
}

/** What a cube uses. Most cubes use the same few things, which are the same value then. */
export interface SharedUses {
  readonly inputs: ReadonlySet<Input>;
  readonly readsNamespaces: boolean;
  readonly unsayable: ReadonlySet<string>;
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
    let cubes: readonly Cube[] = [empty];
    for (const part of expr.of) {
      const parts = cubesOf(part, context);
      const factor = cubes.length * parts.length <= MOST_CUBES ? parts : oneCube(part, context);
      if (factor.length === 0) return [];
      if (cubes.length === 1 && cubes[0] === empty) cubes = factor;
      else cubes = cubes.flatMap((left) => factor.map((right) => merged(left, right)));
    }
    return cubes;
  }
  if (expr.op === 'not') return oneCube(expr, context);
  const values = keysOf(expr, context);
  return values === undefined ? oneCube(expr, context) : [{ keys: [values], rest: [], uses: usesOfKeys(values) }];
}

/** The condition as it stands, filed by nothing. */
function oneCube(expr: Expr, context: SayContext): readonly Cube[] {
  const uses = noUses();
  const said = sayCondition(expr, context, uses);
  if (said === 'never') return [];
  const rest = said === 'always' ? [] : said.op === 'all' ? said.of : [said];
  return [{ keys: [], rest, uses: sharedUses(uses) }];
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

const joins = new WeakMap<SharedUses, WeakMap<SharedUses, SharedUses>>();

/** What both use. */
function joinedUses(left: SharedUses, right: SharedUses): SharedUses {
  if (left === right) return left;
  let known = joins.get(left);
  if (known === undefined) {
    known = new WeakMap();
    joins.set(left, known);
  }
  let joined = known.get(right);
  if (joined === undefined) {
    const both = noUses();
    addUses(both, left);
    addUses(both, right);
    joined = sharedUses(both);
    known.set(right, joined);
  }
  return joined;
}

/** Adds what the other uses. */
export function addUses(into: Uses, { inputs, readsNamespaces, unsayable }: SharedUses): void {
  for (const input of inputs) into.inputs.add(input);
  for (const field of unsayable) into.unsayable.add(field);
  into.readsNamespaces ||= readsNamespaces;
}

const sharedByText = new Map<string, SharedUses>();
const MOST_SHARED = 4096;

function sharedUses(uses: SharedUses): SharedUses {
  const { inputs, readsNamespaces, unsayable } = uses;
  const text = `${readsNamespaces} ${[...inputs].sort().join(' ')}\n${[...unsayable].sort().join('\n')}`;
  const known = sharedByText.get(text);
  if (known !== undefined) return known;
  if (sharedByText.size >= MOST_SHARED) sharedByText.clear();
  sharedByText.set(text, uses);
  return uses;
}

const usesByInput = { true: new Map<Input, SharedUses>(), false: new Map<Input, SharedUses>() } as const;

function usesOfKeys({ input, readsNamespaces }: TextValues): SharedUses {
  const byInput = usesByInput[`${readsNamespaces}`];
  let known = byInput.get(input);
  if (known === undefined) {
    known = sharedUses({ inputs: new Set([input]), readsNamespaces, unsayable: new Set() });
    if (byInput.size >= MOST_SHARED) byInput.clear();
    byInput.set(input, known);
  }
  return known;
}

const empty: Cube = { keys: [], rest: [], uses: sharedUses(noUses()) };
