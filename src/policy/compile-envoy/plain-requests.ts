/**
 * Conditions that a tree can judge of plain requests alone: the client's address where X-Forwarded-For is one address or none, and the name
 * of the server where Envoy shows one.
 *
 * A rule that has such conditions is told twice: of plain requests as it stands, and of the others widened, so that they ask.
 * @module
 */
import type { Expr } from '../model.ts';
import { isPlainClient } from './client-address.ts';
import type { SayContext } from './conditions.ts';
import { type Cube, cubesOf } from './rule-cubes.ts';
import { allOf, isPresent, notOf, type Said } from './tree/predicates.ts';

/** What is judged of plain requests alone. */
type Doubt = 'remote' | 'sni';

/** Whether requests are plain in that respect. */
const plainIn: Readonly<Record<Doubt, (context: SayContext) => Said>> = {
  remote: (context) => (context.protocol === 'tcp' ? 'always' : isPlainClient(context)),
  sni: () => isPresent('sni'),
};

/** Cuts a rule's condition, as `cubesOf` does; what is not plain is widened. */
export function cubesOfRule(expr: Expr, context: SayContext): readonly Cube[] {
  const doubts = new Set<Doubt>();
  addDoubts(expr, doubts);
  // Where verifying tokens writes the header, nothing of it is known.
  if (context.tokens.changed.has('x-forwarded-for')) doubts.delete('remote');
  if (doubts.size === 0) return cubesOf(expr, context);
  const isPlain = allOf([...doubts].map((doubt) => plainIn[doubt](context)));
  return [
    ...where(isPlain, cubesOf(expr, { ...context, plain: doubts })),
    ...where(notOf(isPlain), cubesOf(expr, context)),
  ];
}

function where(said: Said, cubes: readonly Cube[]): readonly Cube[] {
  if (said === 'never') return [];
  return said === 'always' ? cubes : cubes.map((cube) => ({ ...cube, rest: [...cube.rest, said] }));
}

function addDoubts(expr: Expr, doubts: Set<Doubt>): void {
  if (expr.op === 'all' || expr.op === 'any') for (const part of expr.of) addDoubts(part, doubts);
  else if (expr.op === 'not') addDoubts(expr.of, doubts);
  else if (expr.op === 'address' && expr.fact === 'remote' && expr.unmap !== true) doubts.add('remote');
  else if (expr.op === 'text' && expr.fact.of === 'sni') doubts.add('sni');
}
