/**
 * Joins conditions, as flat as they can be.
 * @module
 */
import type { Expr } from '../../../model.ts';

/** Holds if every part holds; of nothing it holds always. */
export function allOf(parts: readonly Expr[]): Expr {
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && only.op !== 'all') return only;
  const asking = parts.flatMap((part) => (part.op === 'all' ? part.of : [part]));
  return asking.length === 1 ? asking[0]! : { op: 'all', of: asking };
}

/** Holds if one part holds; of nothing it never holds. */
export function anyOf(parts: readonly Expr[]): Expr {
  if (parts.some(alwaysHolds)) return allOf([]);
  return parts.length === 1 ? parts[0]! : { op: 'any', of: parts };
}

/** Whether an expression holds whatever the request is. */
export function alwaysHolds(expr: Expr): boolean {
  return expr.op === 'all' && expr.of.length === 0;
}

/** The condition that holds for no request. */
export const never: Expr = { op: 'any', of: [] };
