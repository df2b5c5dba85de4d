/**
 * A condition as alternatives, each of which is a list of what it asks together.
 * @module
 */
import type { Atom, Expr } from '../../../policy/model.ts';
import { mentions } from '../scene/requests.ts';

/** What is asked together: atoms, and what is negated. */
export type Alternative = readonly (Atom | Extract<Expr, { op: 'not' }>)[];

/** More are not looked at. */
const MOST = 2_000;

/** Takes a condition apart, as far as parts mention what is of interest; undefined if the alternatives are too many. */
export function alternativesOf(expr: Expr, ofInterest: (atom: Expr) => boolean): readonly Alternative[] | undefined {
  if (!mentions(expr, ofInterest)) return [[]];
  if (expr.op !== 'any' && expr.op !== 'all') return [[expr]];
  const each = expr.of.map((part) => alternativesOf(part, ofInterest));
  let out: readonly Alternative[] = expr.op === 'any' ? [] : [[]];
  for (const some of each) {
    if (some === undefined) return undefined;
    const count = expr.op === 'any' ? out.length + some.length : out.length * some.length;
    if (count > MOST) return undefined;
    out = expr.op === 'any' ? [...out, ...some] : out.flatMap((left) => some.map((right) => [...left, ...right]));
  }
  return out;
}
