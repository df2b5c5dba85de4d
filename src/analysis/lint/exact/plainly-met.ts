/**
 * A quick look at a condition: whether some request plainly meets it, each part of it asking something of its own.
 * @module
 */
import { nameOfFact } from '../../../policy/meaning/fact-values.ts';
import type { Atom, Expr, Rule, TextPattern } from '../../../policy/model.ts';

/** Tells that some request meets a rule where that is plain; false says nothing. */
export const isPlainlyMet = ({ http }: Rule): boolean => asked(http) !== undefined;

/** What a condition that can be met asks; undefined where that is not plain. */
function asked(expr: Expr): ReadonlySet<string> | undefined {
  switch (expr.op) {
    case 'all':
      return apart(expr.of.map(asked));
    case 'any':
      return expr.of.reduce<ReadonlySet<string> | undefined>((found, part) => found ?? asked(part), undefined);
    case 'not':
      return undefined;
    default:
      return ofAtom(expr);
  }
}

/** All together, if no two of them ask the same. */
function apart(parts: readonly (ReadonlySet<string> | undefined)[]): ReadonlySet<string> | undefined {
  const out = new Set<string>();
  for (const part of parts) {
    if (part === undefined) return undefined;
    for (const name of part) {
      if (out.has(name)) return undefined;
      out.add(name);
    }
  }
  return out;
}

function ofAtom(atom: Atom): ReadonlySet<string> | undefined {
  switch (atom.op) {
    case 'text':
      return atom.any.some((pattern) => isUsual(atom.fact.of, pattern)) ? new Set([nameOfFact(atom.fact)]) : undefined;
    case 'port':
      return atom.any.some(({ from, to }) => to >= 1 && from <= to) ? new Set([atom.fact]) : undefined;
    case 'protocol':
      return atom.any.includes(6) ? new Set(['protocol']) : undefined;
    case 'endpoint':
      return new Set([`endpoint ${JSON.stringify(atom)}`]);
    default:
      return undefined;
  }
}

/** Values that certainly exist of what can only have some: a path begins with a slash, a host has no capitals. */
function isUsual(fact: string, pattern: TextPattern): boolean {
  if (fact === 'peerName' || fact === 'header') return !('value' in pattern) || pattern.value !== '';
  if (!('value' in pattern) || !/^[!-~]+$/.test(pattern.value)) return false;
  if (fact === 'method') return /^[A-Z]+$/.test(pattern.value);
  if (fact === 'host') return /^[a-z0-9.-]+$/.test(pattern.value);
  return fact === 'path' && pattern.is !== 'suffix' && /^\/[\w/.-]*$/.test(pattern.value);
}
