/**
 * What the rules of one tiered policy do not do: rules that cannot hold, and rules behind one that holds whenever they do.
 * @module
 */
import type { Reporter } from '../../documents/finding.ts';
import { listAt, type MapValue, textsAt } from '../../documents/value.ts';
import { contradictionIn } from '../../meaning/contradiction.ts';
import type { Expr } from '../../model.ts';
import { allOf, type TieredPolicy, type TieredRule } from './tiered-policy.ts';

const directions = ['ingress', 'egress'] as const;

/** Warns about rules of one policy. @param inOrder  whether the first rule that holds decides, as in every kind but NetworkPolicy */
export function lintTieredRules(policy: TieredPolicy, inOrder: boolean, report: Reporter): void {
  if (report.wantsErrorsAlone) return;
  for (const direction of directions) {
    const rules = policy[direction] ?? [];
    const shadowed = new Map<TieredRule, TieredRule[]>();
    for (const rule of rules) {
      const path = `spec.${direction}[${rule.index}]`;
      const why = contradiction(rule, direction, policy);
      if (why !== undefined) {
        const message = `no connection satisfies this rule, or one of its alternatives: ${why}`;
        report.warning(rule.position, 'rule-never-holds', path, message, 'correct it, or remove what can never be');
        continue;
      }
      const other = rules.find((each) => isBefore(each, rule, inOrder) && coversRule(each, rule));
      if (other !== undefined) shadowed.set(other, [...(shadowed.get(other) ?? []), rule]);
    }
    for (const [by, those] of shadowed) reportShadowed(by, those, direction, inOrder, report);
  }
}

/** One finding for all rules that one rule makes void. */
function reportShadowed(
  by: TieredRule,
  those: readonly TieredRule[],
  direction: 'ingress' | 'egress',
  inOrder: boolean,
  report: Reporter,
): void {
  const [first] = those as readonly [TieredRule, ...TieredRule[]]; // a group has one at least
  const one = those.length === 1;
  const which = one ? 'this one does' : `rules ${those.map(({ index }) => index).join(', ')} do`;
  const what = one ? 'this rule changes' : 'they change';
  report.warning(
    first.position,
    'shadowed-rule',
    `spec.${direction}[${first.index}]`,
    `rule ${by.index} holds whenever ${which}${inOrder ? ' and comes first' : ''}: ${what} nothing`,
    inOrder
      ? `remove ${one ? 'it' : 'them'}, or put ${one ? 'it' : 'them'} before rule ${by.index}`
      : `remove ${one ? 'it' : 'them'}, or rule ${by.index}`,
  );
}

function contradiction({ network, http }: TieredRule, direction: 'ingress' | 'egress', { subject }: TieredPolicy) {
  const end = direction === 'ingress' ? 'destination' : 'source';
  const of: Expr = http === undefined ? network : allOf([network, http.holds]);
  const namespace = subject.namespace;
  const parts = [
    ...(subject.selector === undefined ? [] : [subject.selector]),
    ...(namespace === undefined
      ? []
      : [{ op: 'in', key: 'projectcalico.org/namespace', values: [namespace] } as const]),
  ];
  return contradictionIn(of, { end, selector: { op: 'all', of: parts } });
}

const isBefore = (other: TieredRule, rule: TieredRule, inOrder: boolean): boolean =>
  other !== rule && (other.index < rule.index || (!inOrder && !coversRule(rule, other)));

/** Whether a rule that ends the tier holds whenever another one does: it asks nothing that the other does not. */
function coversRule(rule: TieredRule, other: TieredRule): boolean {
  if (rule.effect === 'log' || rule.http !== undefined) return false;
  const asked = new Set(partsOf(other.network).map((part) => JSON.stringify(part)));
  return partsOf(rule.network).every((part) => asked.has(JSON.stringify(part)));
}

/** Whether a rule ends the tier for every connection. */
export const isUnconditional = ({ effect, http, network }: TieredRule): boolean =>
  effect !== 'log' && http === undefined && partsOf(network).length === 0;

const partsOf = (expr: Expr): readonly Expr[] => (expr.op === 'all' ? expr.of : [expr]);

const typeOf = (direction: 'ingress' | 'egress'): string => (direction === 'ingress' ? 'Ingress' : 'Egress');

/** Warns about rules, and empty lists, of a direction in which the policy does not act. */
export function lintDirections(spec: MapValue | undefined, field: 'types' | 'policyTypes', report: Reporter): void {
  const types = textsAt(spec, field).map(({ text }) => text);
  for (const direction of directions) {
    const list = listAt(spec, direction);
    const type = typeOf(direction);
    if (list === undefined) continue;
    if (types.length === 0 ? list.items.length > 0 || acts(spec, field, direction) : types.includes(type)) continue;
    if (types.length > 0 && list.items.length === 0) continue; // what generators write
    const message =
      types.length > 0
        ? `${field} does not name ${type}: these rules are never looked at`
        : `without ${field}, an empty ${direction} does not make the policy one of ${direction}: it restricts nothing there${direction === 'egress' && listAt(spec, 'ingress') === undefined ? ', and lets nothing in instead' : ''}`;
    const wanted = directions.map(typeOf).filter((one) => types.includes(one) || listAt(spec, one.toLowerCase()));
    report.warning(list, 'direction-idle', `spec.${direction}`, message, `write ${field}: [${wanted.join(', ')}]`);
  }
}

/** Whether a policy without types acts where its list is empty: Calico lets egress rules take the place of ingress. */
function acts(spec: MapValue | undefined, field: 'types' | 'policyTypes', direction: 'ingress' | 'egress'): boolean {
  if (direction === 'egress') return false;
  return field === 'policyTypes' || (listAt(spec, 'egress')?.items.length ?? 0) === 0;
}
