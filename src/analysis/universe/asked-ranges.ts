/**
 * What the rules of a model ask: ranges of addresses, and how they look at requests.
 * @module
 */
import type { Atom, Expr, Plane, PolicyModel } from '../../policy/model.ts';

/** Calls `visit` with every atom of every rule. */
export function visitAtoms(planes: readonly Plane[], visit: (atom: Atom) => void): void {
  const seen = new WeakSet<Expr>();
  const walk = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.op === 'all' || expr.op === 'any') expr.of.forEach(walk);
    else if (expr.op === 'not') walk(expr.of);
    else visit(expr);
  };
  for (const { stages } of planes)
    for (const stage of stages) {
      if (stage.kind === 'transport' || stage.kind === 'token') continue;
      for (const { rules } of stage.policies)
        for (const { http, tcp } of rules) {
          walk(http);
          if (tcp !== undefined) walk(tcp);
        }
    }
}

/** The ranges that tell callers' addresses apart. */
export function askedRanges({ planes, registry, hops = [] }: PolicyModel): ReadonlySet<string> {
  const out = new Set(hops);
  visitAtoms(planes, (atom) => {
    if (atom.op === 'address' && atom.fact !== 'destination') for (const { text } of atom.any) out.add(text);
  });
  for (const { nets } of registry?.networkSets ?? []) for (const net of nets) out.add(net);
  return out;
}
