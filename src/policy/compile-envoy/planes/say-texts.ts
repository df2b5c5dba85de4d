/**
 * Conditions on method and path as Calico asks for them, said in a tree only where they certainly hold.
 * @module
 */
import type { Atom, Expr } from '../../model.ts';
import { noUses, type SayContext, sayCondition, type Uses, valuesHold } from '../conditions.ts';
import { OWN_NORMAL_PATH } from '../guards.ts';
import { addUses } from '../rule-cubes.ts';
import { textValues } from '../text-values.ts';
import { allOf, anyOf, type Said, testOf } from '../tree/predicates.ts';

/** Says it; `never` where no tree can. */
export function sayTexts(expr: Expr, context: SayContext, uses: Uses): Said {
  if (expr.op === 'all') return allOf(expr.of.map((part) => sayTexts(part, context, uses)));
  if (expr.op === 'any') return anyOf(expr.of.map((part) => sayTexts(part, context, uses)));
  if (expr.op === 'text' && expr.fact.of === 'normalPath') return sayNormalPath(expr, context);
  const isPlain = expr.op === 'text' && (expr.fact.of === 'method' || expr.fact.of === 'path');
  if (!isPlain) return 'never';
  const own = noUses();
  const said = sayCondition(expr, context, own);
  if (own.unsayable.size > 0) return 'never';
  addUses(uses, own);
  return said;
}

/** Of paths that normalising leaves as they are. */
function sayNormalPath({ any }: Extract<Atom, { op: 'text' }>, context: SayContext): Said {
  const values = textValues({ op: 'text', fact: { of: 'path' }, any }, context);
  if ('field' in values) return 'never';
  return allOf([testOf('path', { is: 'regex', source: OWN_NORMAL_PATH }), valuesHold(values)]);
}
