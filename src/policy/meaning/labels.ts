/**
 * Conditions over labels: what every selector language is translated to.
 * @module
 */
import { assertNever } from '../../lib/assert-never.ts';

/** Label values by key. */
export type Labels = ReadonlyMap<string, string>;

/** `all` of nothing is true (every labelled thing), `any` of nothing is false. Plain data. */
export type LabelExpr =
  | { readonly op: 'all' | 'any'; readonly of: readonly LabelExpr[] }
  | { readonly op: 'not'; readonly of: LabelExpr }
  | { readonly op: 'has'; readonly key: string }
  /** The value is one of these; a missing label is none of them. */
  | { readonly op: 'in'; readonly key: string; readonly values: readonly string[] }
  /** The value has this text in this place; false for a missing label. */
  | { readonly op: 'contains' | 'startsWith' | 'endsWith'; readonly key: string; readonly text: string };

/** Whether `labels` satisfy `expr`. */
export function labelsMatch(expr: LabelExpr, labels: Labels): boolean {
  switch (expr.op) {
    case 'all':
      return expr.of.every((part) => labelsMatch(part, labels));
    case 'any':
      return expr.of.some((part) => labelsMatch(part, labels));
    case 'not':
      return !labelsMatch(expr.of, labels);
    case 'has':
      return labels.has(expr.key);
    case 'in': {
      const value = labels.get(expr.key);
      return value !== undefined && expr.values.includes(value);
    }
    case 'contains':
      return labels.get(expr.key)?.includes(expr.text) ?? false;
    case 'startsWith':
      return labels.get(expr.key)?.startsWith(expr.text) ?? false;
    case 'endsWith':
      return labels.get(expr.key)?.endsWith(expr.text) ?? false;
    default:
      return assertNever(expr);
  }
}

/** Puts `prefix` before every key, e.g. `pcns.` to ask a namespace's labels. */
export function withKeyPrefix(expr: LabelExpr, prefix: string): LabelExpr {
  switch (expr.op) {
    case 'all':
    case 'any':
      return { op: expr.op, of: expr.of.map((part) => withKeyPrefix(part, prefix)) };
    case 'not':
      return { op: 'not', of: withKeyPrefix(expr.of, prefix) };
    default:
      return { ...expr, key: prefix + expr.key };
  }
}

/** Whether both are the same labels. */
export const areSameLabels = (one: Labels, other: Labels): boolean =>
  one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
