/**
 * Tiered policies that never come to be asked: one before them decides everything, or their tier is never reached.
 * @module
 */

import type { Finding } from '../../documents/finding.ts';
import { otherRule, withOthers } from '../../documents/other-rule.ts';
import { placeText } from '../../documents/position.ts';
import { plainKey } from '../../meaning/label-contradiction.ts';
import type { LabelExpr } from '../../meaning/labels.ts';
import type { Subject } from '../../model.ts';
import { isUnconditional } from './lint-policy.ts';
import { byOrder, tiersInOrder } from './planes.ts';
import type { Tier, TieredPolicy, TieredRule } from './tiered-policy.ts';

type Direction = 'ingress' | 'egress';

interface Standing {
  readonly policy: TieredPolicy;
  /** Where its tier stands. */
  readonly tier: number;
}

/** One finding a policy that leaves others nothing to decide. @param isTold  whether the two are told of already */
export function lintShadows(
  policies: readonly TieredPolicy[],
  tiers: readonly Tier[],
  isTold: (a: TieredPolicy, b: TieredPolicy) => boolean,
): Finding[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => shadowsIn(direction, policies, tiers, isTold));
}

function shadowsIn(
  direction: Direction,
  policies: readonly TieredPolicy[],
  documents: readonly Tier[],
  isTold: (a: TieredPolicy, b: TieredPolicy) => boolean,
): Finding[] {
  const acting = policies.filter((policy) => !policy.staged && policy[direction] !== undefined);
  const byTier = Map.groupBy(acting, ({ tier }) => tier);
  const tiers = tiersInOrder(byTier.keys(), documents);
  const standing = tiers.flatMap(({ name }, tier) =>
    (byTier.get(name) ?? []).toSorted(byOrder).map((policy): Standing => ({ policy, tier })),
  );
  const byNamespace = Map.groupBy(standing, ({ policy }) => policy.subject.namespace);
  const near = ({ subject }: TieredPolicy): readonly Standing[] =>
    subject.namespace === undefined ? standing : (byNamespace.get(subject.namespace) ?? []);
  const rank = new Map(standing.map(({ policy }, i) => [policy, i]));
  const closed = new Set(
    tiers.flatMap((tier, i) => (isClosed(tier, byTier.get(tier.name) ?? [], direction) ? [i] : [])),
  );
  const told = new Set<TieredPolicy>();
  return standing.flatMap((one) => {
    const final = one.policy[direction]?.find(isUnconditional);
    if (final === undefined && !closed.has(one.tier)) return [];
    const victims = near(one.policy).filter(
      (other) =>
        isShadowed(other, one, final, rank, direction) && !told.has(other.policy) && !isTold(one.policy, other.policy),
    );
    for (const { policy } of victims) told.add(policy);
    return victims.length === 0 ? [] : [finding(one.policy, final, victims, tiers[one.tier]!.name, direction)]; // it stands in one
  });
}

/** A tier that what it selects never leaves: it ends in Deny, and nothing in it passes on. */
function isClosed({ onNoMatch, name }: Tier, policies: readonly TieredPolicy[], direction: Direction): boolean {
  const passes = policies.some((policy) => policy[direction]?.some(({ effect }) => effect === 'pass'));
  return onNoMatch === 'deny' && !passes && name !== 'default';
}

function isShadowed(
  { policy, tier }: Standing,
  by: Standing,
  final: TieredRule | undefined,
  rank: ReadonlyMap<TieredPolicy, number>,
  direction: Direction,
): boolean {
  if (policy === by.policy) return false;
  if (isAddition(by.policy) && isAddition(policy)) {
    // NetworkPolicies of one namespace add up: order says nothing, and isolation without rules is no loss.
    const rules = policy[direction] ?? [];
    return (
      final !== undefined &&
      rules.length > 0 &&
      !rules.some(isUnconditional) &&
      covers(by.policy.subject, policy.subject)
    );
  }
  if (final !== undefined && saysTheSame(policy[direction] ?? [], final)) return false;
  const isBehind = (rank.get(policy) ?? 0) > (rank.get(by.policy) ?? 0);
  const isEnded =
    final === undefined ? tier > by.tier : tier === by.tier || (final.effect !== 'pass' && tier > by.tier);
  return isBehind && isEnded && covers(by.policy.subject, policy.subject);
}

/** Whether rules come to nothing else than the one that is before them. */
const saysTheSame = (rules: readonly TieredRule[], { effect }: TieredRule): boolean =>
  rules.some(isUnconditional) && rules.every((rule) => rule.effect === effect);

const isAddition = ({ origin, tier }: TieredPolicy): boolean => origin === 'kubernetes' && tier === 'default';

function finding(
  policy: TieredPolicy,
  final: TieredRule | undefined,
  victims: readonly Standing[],
  tier: string,
  direction: Direction,
): Finding {
  const shown = victims.slice(0, 3).map(({ policy: { ref, position } }) => `${nameOf(ref)} (${placeText(position)})`);
  const names = shown.join(', ') + (victims.length > 3 ? ` and ${victims.length - 3} more` : '');
  const order = policy.order === Infinity ? '' : ` (order ${policy.order})`;
  const message =
    final === undefined
      ? `tier ${tier} denies what none of its policies lets pass on, and none passes anything on: for the ${direction} of all that ${nameOf(policy.ref)} selects, ${names} decide nothing`
      : `rule ${final.index} of ${nameOf(policy.ref)}${order} asks nothing and decides the ${direction} of all that the policy selects: ${names} decide nothing`;
  const fix =
    final === undefined
      ? 'add a rule that ends in Pass, or defaultAction: Pass to the tier'
      : isAddition(policy)
        ? 'remove the rule that lets everything pass, or the policies that it makes void'
        : 'give the rule conditions, or the policy a higher order';
  return {
    ...(final ?? policy).position,
    severity: 'warning',
    code: 'policies-shadowed',
    path: final === undefined ? 'spec.tier' : `spec.${direction}[${final.index}]`,
    message,
    fix,
    ...withOthers(victims.map(({ policy: { ref, position } }) => otherRule(ref, position))),
  };
}

const nameOf = ({ namespace, name }: TieredPolicy['ref']): string => (namespace === '' ? name : `${namespace}/${name}`);

/** Whether a subject surely selects all that another one selects. */
function covers(subject: Subject, other: Subject): boolean {
  if (subject.namespace !== undefined && subject.namespace !== other.namespace) return false;
  if (subject.selector === undefined) return true;
  const known = other.selector === undefined ? [] : partsOf(other.selector);
  return isImplied(subject.selector, known, other.namespace);
}

const partsOf = (expr: LabelExpr): readonly LabelExpr[] => (expr.op === 'all' ? expr.of.flatMap(partsOf) : [expr]);

function isImplied(expr: LabelExpr, known: readonly LabelExpr[], namespace: string | undefined): boolean {
  if (expr.op === 'all') return expr.of.every((part) => isImplied(part, known, namespace));
  if (known.some((part) => JSON.stringify(part) === JSON.stringify(expr))) return true;
  if (expr.op === 'any') return expr.of.some((part) => isImplied(part, known, namespace));
  const atom = expr.op === 'not' ? expr.of : expr;
  if (atom.op !== 'in' && atom.op !== 'has') return false;
  const values = valuesOf(atom.key, known, namespace);
  if (values === undefined) return false;
  if (atom.op === 'has') return expr.op === 'has';
  return values.every((value) => atom.values.includes(value) === (expr.op === 'in'));
}

/** What the label may be on all that is selected; undefined if that is not known. */
function valuesOf(
  key: string,
  known: readonly LabelExpr[],
  namespace: string | undefined,
): readonly string[] | undefined {
  if (namespace !== undefined && plainKey(key) === 'projectcalico.org/namespace') return [namespace];
  if (namespace !== undefined && key === 'projectcalico.org/orchestrator') return ['k8s'];
  return known.flatMap((part) => (part.op === 'in' && plainKey(part.key) === plainKey(key) ? [part.values] : []))[0];
}
