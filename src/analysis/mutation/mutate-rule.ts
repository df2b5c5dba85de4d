/**
 * Small changes of one rule: a condition gone, a value more or fewer, a pattern that takes more or less.
 * @module
 */
import { nameOfFact } from '../../policy/meaning/fact-values.ts';
import type { Atom, Expr, Rule, TextPattern } from '../../policy/model.ts';

/** A rule that was changed, and how. */
export interface RuleChange {
  /** Whether it holds for more requests than before, or for fewer. */
  readonly kind: 'widened' | 'narrowed';
  /** E.g. `without its condition on path`. */
  readonly what: string;
  readonly rule: Rule;
}

const always: Expr = { op: 'all', of: [] };
const never: Expr = { op: 'any', of: [] };

/** All changes of a rule; the same condition in several places of it is changed in all of them. */
export function changesOfRule(rule: Rule): readonly RuleChange[] {
  const found = new Map<string, { readonly atom: Atom; readonly isNegated: boolean }>();
  for (const expr of [rule.http, rule.tcp]) if (expr !== undefined) collect(expr, false, found);
  const changed = (atom: Atom, to: Expr): Rule => {
    const key = JSON.stringify(atom);
    const { tcp } = rule;
    return { ...rule, http: replaced(rule.http, key, to), tcp: tcp && replaced(tcp, key, to) };
  };
  return [...found.values()].flatMap(({ atom, isNegated }) => {
    const about = aboutOf(atom);
    const gone: RuleChange = {
      kind: 'widened',
      what: `without its condition on ${isNegated ? 'not ' : ''}${about}`,
      rule: changed(atom, isNegated ? never : always),
    };
    const others = variantsOf(atom).map(
      ({ takesMore, what, to }): RuleChange => ({
        kind: takesMore === isNegated ? 'narrowed' : 'widened',
        what,
        rule: changed(atom, to),
      }),
    );
    return [gone, ...others];
  });
}

function collect(expr: Expr, isNegated: boolean, into: Map<string, { atom: Atom; isNegated: boolean }>): void {
  if (expr.op === 'not') collect(expr.of, !isNegated, into);
  else if (expr.op === 'all' || expr.op === 'any') for (const part of expr.of) collect(part, isNegated, into);
  else into.set(`${isNegated} ${JSON.stringify(expr)}`, { atom: expr, isNegated });
}

function replaced(expr: Expr, key: string, to: Expr): Expr {
  if (expr.op === 'not') return { op: 'not', of: replaced(expr.of, key, to) };
  if (expr.op === 'all' || expr.op === 'any')
    return { op: expr.op, of: expr.of.map((part) => replaced(part, key, to)) };
  return JSON.stringify(expr) === key ? to : expr;
}

interface Variant {
  readonly takesMore: boolean;
  readonly what: string;
  readonly to: Atom;
}

/** The same condition with one value fewer, or with a value that takes more or less. */
function variantsOf(atom: Atom): readonly Variant[] {
  const about = aboutOf(atom);
  if (atom.op === 'text') {
    const fewer = without(atom.any).map(({ left, gone }) => ({
      ...{ takesMore: false, what: `without the ${about} ${patternText(gone)}`, to: { ...atom, any: left } },
    }));
    const others = atom.any.flatMap((pattern, i) => {
      const other = otherPattern(pattern);
      if (other === undefined || atom.fact.of === 'method') return [];
      const what = `with the ${about} ${patternText(pattern)} as ${patternText(other.pattern)}`;
      return [{ takesMore: other.takesMore, what, to: { ...atom, any: atom.any.with(i, other.pattern) } }];
    });
    return [...fewer, ...others];
  }
  if (atom.op === 'address') {
    return without(atom.any).map(({ left, gone }) => ({
      ...{ takesMore: false, what: `without the ${about} ${gone.text}`, to: { ...atom, any: left } },
    }));
  }
  if (atom.op === 'port') {
    return without(atom.any).map(({ left, gone }) => ({
      ...{ takesMore: false, what: `without the ${about} ${portText(gone)}`, to: { ...atom, any: left } },
    }));
  }
  return [];
}

/** Each list that lacks one; a list of one is none without it. */
const without = <T>(all: readonly T[]): readonly { readonly left: readonly T[]; readonly gone: T }[] =>
  all.length < 2 ? [] : all.map((gone, i) => ({ left: all.toSpliced(i, 1), gone }));

/** An exact value as a prefix, and the other way. */
function otherPattern(
  pattern: TextPattern,
): { readonly takesMore: boolean; readonly pattern: TextPattern } | undefined {
  if (pattern.is === 'exact' && pattern.value !== '') return { takesMore: true, pattern: { ...pattern, is: 'prefix' } };
  if (pattern.is === 'prefix' || pattern.is === 'suffix')
    return { takesMore: false, pattern: { ...pattern, is: 'exact' } };
  return pattern.is === 'under' ? { takesMore: false, pattern: { is: 'exact', value: pattern.value } } : undefined;
}

/** What a condition is about, in few words. */
function aboutOf(atom: Atom): string {
  switch (atom.op) {
    case 'text':
      return atom.fact.of === 'peerName' ? 'principal' : nameOfFact(atom.fact);
    case 'address':
      return `${atom.fact} address`;
    case 'port':
      return atom.fact === 'destinationPort' ? 'port' : 'source port';
    case 'protocol':
      return 'protocol';
    case 'namedPort':
      return `port ${atom.name}`;
    default:
      return `${atom.end} ${atom.op}`;
  }
}

const portText = ({ from, to }: { readonly from: number; readonly to: number }): string =>
  from === to ? String(from) : `${from}-${to}`;

function patternText(pattern: TextPattern): string {
  if (pattern.is === 'exact') return JSON.stringify(pattern.value);
  if (pattern.is === 'prefix') return JSON.stringify(`${pattern.value}*`);
  if (pattern.is === 'suffix') return JSON.stringify(`*${pattern.value}`);
  return pattern.is === 'under' ? `${JSON.stringify(pattern.value)} and what is under it` : pattern.is;
}
