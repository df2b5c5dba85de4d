/**
 * Selectors that no labels can satisfy, alone or together with another.
 * @module
 */
import type { Subject } from '../model.ts';
import type { LabelExpr } from './labels.ts';

type Literal = { readonly atom: Extract<LabelExpr, { readonly key: string }>; readonly negated: boolean };

/** More alternatives than this are not looked at. */
const MOST = 64;

/** The same thing under other keys: the name of the namespace. */
const NAMESPACE = 'projectcalico.org/namespace';
const namespaceKeys = new Set([NAMESPACE, 'pcns.projectcalico.org/name', 'pcns.kubernetes.io/metadata.name']);

/** The key, or one name for all keys that hold the namespace's name. */
export const plainKey = (key: string): string => (namespaceKeys.has(key) ? NAMESPACE : key);

/** The label about which the selector contradicts itself in each of its alternatives; undefined if it may hold. */
export function contradictedLabel(expr: LabelExpr): string | undefined {
  const alternatives = alternativesOf(expr, true);
  if (alternatives === undefined) return undefined;
  const found = alternatives.map(contradictedIn);
  return found.includes(undefined) ? undefined : found[0];
}

/** No workload is of both; false says nothing. */
export function areSubjectsApart(a: Subject, b: Subject): boolean {
  if (a.selector === undefined || b.selector === undefined) return false;
  const [one, other] = [wantedOf(a.selector), wantedOf(b.selector)];
  for (const [key, values] of one) if (other.get(key)?.some((value) => values.includes(value)) === false) return true;
  return contradictedLabel({ op: 'all', of: [a.selector, b.selector] }) !== undefined;
}

const known = new WeakMap<LabelExpr, ReadonlyMap<string, readonly string[]>>();

/** Values of which a label has to have one, by its key. */
function wantedOf(selector: LabelExpr): ReadonlyMap<string, readonly string[]> {
  const made = known.get(selector) ?? new Map(valuesIn(selector));
  known.set(selector, made);
  return made;
}

function valuesIn(selector: LabelExpr): readonly (readonly [key: string, values: readonly string[]])[] {
  if (selector.op === 'all') return selector.of.flatMap(valuesIn);
  return selector.op === 'in' ? [[plainKey(selector.key), selector.values]] : [];
}

/** Lists of literals of which one list must hold; undefined if there are too many. */
function alternativesOf(expr: LabelExpr, wanted: boolean): readonly (readonly Literal[])[] | undefined {
  if ('key' in expr) return [[{ atom: expr, negated: !wanted }]];
  if (expr.op === 'not') return alternativesOf(expr.of, !wanted);
  let out: readonly (readonly Literal[])[] = (expr.op === 'all') === wanted ? [[]] : [];
  for (const part of expr.of) {
    const next = alternativesOf(part, wanted);
    if (next === undefined) return undefined;
    out =
      (expr.op === 'all') === wanted
        ? out.flatMap((left) => next.map((right) => [...left, ...right]))
        : [...out, ...next];
    if (out.length > MOST) return undefined;
  }
  return out;
}

function contradictedIn(literals: readonly Literal[]): string | undefined {
  const byKey = Map.groupBy(literals, ({ atom }) => plainKey(atom.key));
  for (const [key, own] of byKey) if (contradict(own)) return key;
  return undefined;
}

function contradict(literals: readonly Literal[]): boolean {
  const absent = literals.some(({ atom, negated }) => atom.op === 'has' && negated);
  const present = literals.some(({ negated }) => !negated);
  if (absent && present) return true;
  const lists = literals.flatMap(({ atom, negated }) => (atom.op === 'in' && !negated ? [atom.values] : []));
  const [first, ...others] = lists;
  if (first === undefined) return false;
  return !first.some(
    (value) => others.every((list) => list.includes(value)) && literals.every((literal) => takes(literal, value)),
  );
}

function takes({ atom, negated }: Literal, value: string): boolean {
  switch (atom.op) {
    case 'has':
      return !negated;
    case 'in':
      return atom.values.includes(value) !== negated;
    case 'contains':
      return value.includes(atom.text) !== negated;
    case 'startsWith':
      return value.startsWith(atom.text) !== negated;
    case 'endsWith':
      return value.endsWith(atom.text) !== negated;
  }
}
