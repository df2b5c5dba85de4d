/**
 * What the rules of a model ask: ranges of addresses, and how they look at requests.
 * @module
 */
import type { Atom, Expr, Plane, Policy, PolicyModel, Rule } from '../../policy/model.ts';

/** Where an atom stands. */
export interface AtomPlace {
  readonly policy: Policy;
  readonly rule: Rule;
}

/** Calls `visit` with every atom of every rule, and the first place where it stands. */
export function visitAtoms(planes: readonly Plane[], visit: (atom: Atom, place: AtomPlace) => void): void {
  const seen = new WeakSet<Expr>();
  const walk = (expr: Expr, place: AtomPlace): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.op === 'all' || expr.op === 'any') for (const part of expr.of) walk(part, place);
    else if (expr.op === 'not') walk(expr.of, place);
    else visit(expr, place);
  };
  for (const { stages } of planes)
    for (const stage of stages) {
      if (stage.kind === 'transport' || stage.kind === 'token') continue;
      for (const policy of stage.policies)
        for (const rule of policy.rules) {
          walk(rule.http, { policy, rule });
          if (rule.tcp !== undefined) walk(rule.tcp, { policy, rule });
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
