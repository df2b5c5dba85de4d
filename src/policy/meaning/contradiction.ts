/**
 * Conditions that contradict themselves: no request can satisfy them.
 * @module
 */
import { isRangeWithin } from '../../lib/ip-address.ts';
import type { Atom, Cidr, Expr, PortRange, TextFact } from '../model.ts';
import { contradictedLabel } from './label-contradiction.ts';
import type { LabelExpr } from './labels.ts';

/** An end of the connection of which something is known besides: the policy selects it. */
export interface KnownEnd {
  readonly end: 'source' | 'destination';
  readonly selector: LabelExpr;
}

/** What contradicts itself in a condition or in one of its alternatives, in a few words; undefined if nothing is seen to. */
export function contradictionIn(expr: Expr, known?: KnownEnd): string | undefined {
  if (expr.op === 'any') return expr.of.map((part) => contradictionIn(part, known)).find((why) => why !== undefined);
  const parts = expr.op === 'all' ? expr.of : [expr];
  return (
    amongParts(parts, known) ??
    parts.map((part) => (part.op === 'any' ? contradictionIn(part, known) : undefined)).find((why) => why !== undefined)
  );
}

/** No request satisfies both; false says nothing. */
export function areApart(a: Expr, b: Expr): boolean {
  const of = [...conjuncts(a), ...conjuncts(b)].filter(({ op }) => op !== 'any');
  return contradictionIn({ op: 'all', of }) !== undefined;
}

const conjuncts = (expr: Expr): readonly Expr[] => (expr.op === 'all' ? expr.of.flatMap(conjuncts) : [expr]);

function amongParts(parts: readonly Expr[], known: KnownEnd | undefined): string | undefined {
  const wanted = parts.flatMap((part) => (isAtom(part) ? [part] : []));
  const excluded = parts.flatMap((part) => (part.op === 'not' && isAtom(part.of) ? [part.of] : []));
  for (const [i, atom] of wanted.entries()) {
    const why = [...wanted.slice(i + 1)].some((other) => isApart(atom, other))
      ? `two conditions on ${subjectOf(atom)} have nothing in common`
      : excluded.some((other) => isWithin(atom, other))
        ? `what it asks of ${subjectOf(atom)} is excluded as well`
        : undefined;
    if (why !== undefined) return why;
  }
  for (const end of ['source', 'destination'] as const) {
    const why = endContradiction(parts, end, known);
    if (why !== undefined) return why;
  }
  return undefined;
}

function endContradiction(
  parts: readonly Expr[],
  end: KnownEnd['end'],
  known: KnownEnd | undefined,
): string | undefined {
  const of = parts.flatMap((part): LabelExpr[] => {
    if (part.op === 'endpoint' && part.end === end) return [part.selector];
    return part.op === 'not' && part.of.op === 'endpoint' && part.of.end === end
      ? [{ op: 'not', of: part.of.selector }]
      : [];
  });
  if (of.length === 0) return undefined;
  const label = contradictedLabel({ op: 'all', of });
  if (label !== undefined) return `no labels satisfy what it asks of label ${label} of the ${end}`;
  if (known?.end !== end) return undefined;
  const own = contradictedLabel({ op: 'all', of: [...of, known.selector] });
  return own === undefined ? undefined : `its ${end} is what the policy selects, and that has another label ${own}`;
}

const isAtom = (expr: Expr): expr is Atom => expr.op !== 'all' && expr.op !== 'any' && expr.op !== 'not';

function subjectOf(atom: Atom): string {
  switch (atom.op) {
    case 'text':
      return factName(atom.fact);
    case 'address':
      return `the ${atom.fact} address`;
    case 'port':
      return atom.fact === 'sourcePort' ? 'the source port' : 'the destination port';
    case 'protocol':
      return 'the protocol';
    default:
      return `the ${atom.end}`;
  }
}

function factName(fact: TextFact): string {
  switch (fact.of) {
    case 'peerName':
      return "the caller's name";
    case 'header':
      return `header ${fact.name}`;
    case 'claim':
      return `claim ${fact.path.join('.')}`;
    default:
      return `the ${fact.of === 'normalPath' ? 'path' : fact.of}`;
  }
}

/** Facts of one value at most. */
const isSingle = ({ of }: TextFact): boolean => of === 'method' || of === 'path' || of === 'host' || of === 'sni';

/** Whether two conditions on one fact cannot both hold. */
function isApart(a: Atom, b: Atom): boolean {
  if (a.op === 'address' && b.op === 'address')
    return (
      a.fact === b.fact && !a.any.some((one) => b.any.some((other) => includes(one, other) || includes(other, one)))
    );
  if (a.op === 'port' && b.op === 'port')
    return (
      a.fact === b.fact && !a.any.some((one) => b.any.some((other) => one.from <= other.to && other.from <= one.to))
    );
  if (a.op === 'protocol' && b.op === 'protocol') return !a.any.some((one) => b.any.includes(one));
  if (a.op !== 'text' || b.op !== 'text' || a.fact.of !== b.fact.of || !isSingle(a.fact)) return false;
  const exact = (atom: typeof a): readonly string[] | undefined =>
    atom.any.every(({ is }) => is === 'exact')
      ? atom.any.map((one) => (one.is === 'exact' ? one.value.toLowerCase() : ''))
      : undefined;
  const [left, right] = [exact(a), exact(b)];
  return left !== undefined && right !== undefined && !left.some((value) => right.includes(value));
}

/** Whether all that `atom` may be is what `other` excludes. */
function isWithin(atom: Atom, other: Atom): boolean {
  if (atom.op === 'address' && other.op === 'address')
    return (
      atom.fact === other.fact &&
      atom.any.length > 0 &&
      atom.any.every((one) => other.any.some((net) => includes(net, one)))
    );
  if (atom.op === 'port' && other.op === 'port')
    return (
      atom.fact === other.fact &&
      atom.any.length > 0 &&
      atom.any.every((one) => other.any.some((range) => holds(range, one)))
    );
  if (atom.op === 'protocol' && other.op === 'protocol') return atom.any.every((one) => other.any.includes(one));
  if (atom.op !== 'text' || other.op !== 'text' || JSON.stringify(atom.fact) !== JSON.stringify(other.fact))
    return false;
  const patterns = new Set(other.any.map((one) => JSON.stringify(one)));
  return atom.any.length > 0 && atom.any.every((one) => patterns.has(JSON.stringify(one)));
}

const holds = (outer: PortRange, inner: PortRange): boolean => outer.from <= inner.from && inner.to <= outer.to;

const includes = (outer: Cidr, inner: Cidr): boolean => isRangeWithin(inner.text, outer.text);
