/**
 * Puts conditions together to rules for HTTP and for TCP.
 *
 * What cannot be said narrows an ALLOW (the rule goes) and widens everything else (the condition goes): Istio's own rule.
 * @module
 */
import type { Expr } from '../../model.ts';
import { type AttributeContext, attributeOf } from './attribute.ts';

/** One field with its `not` form, or one `when` entry. */
export interface Condition {
  readonly expr: Expr;
  /** Where it cannot be said: nowhere, on TCP, or at all (its key makes no sense). */
  readonly unsayable: 'never' | 'on-tcp' | 'always';
}

/** Alternatives of `from` and `to`, and the conditions of `when`. Undefined alternatives ask nothing. */
export interface RuleConditions {
  readonly from: readonly (readonly Condition[])[] | undefined;
  readonly to: readonly (readonly Condition[])[] | undefined;
  readonly when: readonly Condition[];
}

/** The condition of an attribute; undefined if both lists are empty, as if the field were not there. */
export function conditionOf(
  key: string,
  values: readonly string[],
  notValues: readonly string[],
  context: AttributeContext,
): Condition | undefined {
  if (values.length === 0 && notValues.length === 0) return undefined;
  const attribute = attributeOf(key);
  const parts: (Expr | undefined)[] = [];
  if (values.length > 0) parts.push(attribute?.exprOf(values, context));
  if (notValues.length > 0) {
    const excluded = attribute?.exprOf(notValues, context);
    parts.push(excluded === undefined ? undefined : { op: 'not', of: excluded });
  }
  const said = parts.filter((part) => part !== undefined);
  if (attribute === undefined || said.length < parts.length) return { expr: all([]), unsayable: 'always' };
  return { expr: all(said), unsayable: attribute.httpOnly ? 'on-tcp' : 'never' };
}

/** The rule's expression, or undefined if an ALLOW cannot say it there. */
export function exprFor(rule: RuleConditions, protocol: 'http' | 'tcp', narrows: boolean): Expr | undefined {
  const lost = (condition: Condition): boolean =>
    condition.unsayable === 'always' || (protocol === 'tcp' && condition.unsayable === 'on-tcp');
  const groups = [...(rule.from ?? []), ...(rule.to ?? []), rule.when];
  if (narrows && groups.some((conditions) => conditions.some(lost))) return undefined;
  const conjunction = (conditions: readonly Condition[]): Expr =>
    all(conditions.filter((condition) => !lost(condition)).map((condition) => condition.expr));
  const parts: Expr[] = [];
  if (rule.from !== undefined) parts.push(any(rule.from.map(conjunction)));
  if (rule.to !== undefined) parts.push(any(rule.to.map(conjunction)));
  return all([...parts, conjunction(rule.when)]);
}

/** Whether an expression holds whatever the request is. */
export function alwaysHolds(expr: Expr): boolean {
  return expr.op === 'all' && expr.of.length === 0;
}

export const never: Expr = { op: 'any', of: [] };

function all(parts: readonly Expr[]): Expr {
  const asking = parts.flatMap((part) => (part.op === 'all' ? part.of : [part]));
  return asking.length === 1 ? asking[0]! : { op: 'all', of: asking };
}

function any(parts: readonly Expr[]): Expr {
  if (parts.some(alwaysHolds)) return all([]);
  return parts.length === 1 ? parts[0]! : { op: 'any', of: parts };
}
