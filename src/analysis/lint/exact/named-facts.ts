/**
 * What conditions speak of: two rules that speak of the same can be meant to be different.
 * @module
 */
import { nameOfFact } from '../../../policy/meaning/fact-values.ts';
import type { Atom, Expr, PortRange } from '../../../policy/model.ts';

/** The facts that a condition wants something of; the protocol, and any address, say nothing. */
export function factsIn(expr: Expr): ReadonlySet<string> {
  const out = new Set<string>();
  const walk = (part: Expr): void => {
    if (part.op === 'all' || part.op === 'any') part.of.forEach(walk);
    else if (part.op === 'not') walk(part.of);
    else for (const name of ofAtom(part)) out.add(name);
  };
  walk(expr);
  return out;
}

function ofAtom(atom: Atom): readonly string[] {
  switch (atom.op) {
    case 'text':
      return [atom.fact.of === 'normalPath' ? 'path' : nameOfFact(atom.fact)];
    case 'port':
      return [atom.fact];
    case 'address':
      return atom.any.some(({ text }) => text.endsWith('/0')) ? [] : [`${atom.fact} address`];
    case 'protocol':
      return [];
    case 'namedPort':
      return [atom.end === 'source' ? 'sourcePort' : 'destinationPort'];
    default:
      return [`${atom.end} labels`];
  }
}

/** Tells whether a range of ports of one condition and one of another have some in common, and each some that the other has not. */
export function crossPorts(a: Expr, b: Expr): boolean {
  const others = rangesIn(b);
  return rangesIn(a).some(({ from, to }) =>
    others.some(
      (other) =>
        (from < other.from && other.from <= to && to < other.to) ||
        (other.from < from && from <= other.to && other.to < to),
    ),
  );
}

function rangesIn(expr: Expr): readonly PortRange[] {
  if (expr.op === 'all' || expr.op === 'any') return expr.of.flatMap(rangesIn);
  return expr.op === 'port' && expr.fact === 'destinationPort' ? expr.any : [];
}
