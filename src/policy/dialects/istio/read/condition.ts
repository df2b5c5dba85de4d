/**
 * Puts conditions together to rules for HTTP and for TCP.
 *
 * What cannot be said narrows an ALLOW (the rule goes) and widens everything else (the condition goes): Istio's own rule.
 * @module
 */
import type { Expr } from '../../../model.ts';
import { type AttributeContext, attributeOf } from './attribute.ts';
import { allOf, anyOf } from './expr.ts';

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
  if (attribute === undefined || said.length < parts.length) return { expr: allOf([]), unsayable: 'always' };
  return { expr: allOf(said), unsayable: attribute.httpOnly ? 'on-tcp' : 'never' };
}

/** The rule's expression, or undefined if an ALLOW cannot say it there. */
export function exprFor(rule: RuleConditions, protocol: 'http' | 'tcp', narrows: boolean): Expr | undefined {
  const lost = (condition: Condition): boolean =>
    condition.unsayable === 'always' || (protocol === 'tcp' && condition.unsayable === 'on-tcp');
  const groups = [...(rule.from ?? []), ...(rule.to ?? []), rule.when];
  if (narrows && groups.some((conditions) => conditions.some(lost))) return undefined;
  const conjunction = (conditions: readonly Condition[]): Expr =>
    allOf(conditions.filter((condition) => !lost(condition)).map((condition) => condition.expr));
  const parts: Expr[] = [];
  if (rule.from !== undefined) parts.push(anyOf(rule.from.map(conjunction)));
  if (rule.to !== undefined) parts.push(anyOf(rule.to.map(conjunction)));
  return allOf([...parts, conjunction(rule.when)]);
}
