/**
 * Whether a rule names anything: a rule that holds for everybody and everything allows nothing in particular.
 * @module
 */
import type { LabelExpr } from '../../../policy/meaning/labels.ts';
import type { Atom, Expr, Rule, TextPattern } from '../../../policy/model.ts';

/** Tells whether a rule says who, where or what, for HTTP and for connections. A protocol alone is none of these, nor is `*`. */
export const namesSomething = ({ http, tcp }: Rule): boolean =>
  !isAnything(http) && (tcp === undefined || !isAnything(tcp));

function isAnything(expr: Expr): boolean {
  switch (expr.op) {
    case 'all':
      return expr.of.every(isAnything);
    case 'any':
      return expr.of.some(isAnything);
    case 'not':
      return false;
    default:
      return isAnyValue(expr);
  }
}

function isAnyValue(atom: Atom): boolean {
  switch (atom.op) {
    case 'protocol':
      return true;
    case 'text':
      return alwaysThere.has(atom.fact.of) && atom.any.some(isWildcard);
    case 'address':
      return atom.any.some(({ text }) => text === '0.0.0.0/0' || text === '::/0');
    case 'port':
      return atom.any.some(({ from, to }) => from <= 1 && to >= 65_535);
    case 'endpoint':
      return isEverything(atom.selector);
    default:
      return false;
  }
}

/** What every request of a mesh has: that it has one says nothing. */
const alwaysThere: ReadonlySet<string> = new Set(['peerName', 'method', 'path', 'normalPath', 'host']);

function isWildcard(pattern: TextPattern): boolean {
  switch (pattern.is) {
    case 'present':
    case 'nonEmpty':
      return true;
    case 'prefix':
    case 'suffix':
      return pattern.value === '' || pattern.value === '/';
    case 'glob':
      return pattern.parts.every((part) => part === '');
    case 'under':
      return pattern.value === '/' || pattern.value === '';
    default:
      return false;
  }
}

function isEverything(selector: LabelExpr): boolean {
  if (selector.op === 'all') return selector.of.every(isEverything);
  return selector.op === 'any' && selector.of.some(isEverything);
}
