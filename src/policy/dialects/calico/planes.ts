/**
 * Puts tiered policies together to planes: tiers in order, policies in order, first match.
 * @module
 */
import type { Absence, Expr, Plane, PlaneMode, Policy, Rule, RuleStage } from '../../model.ts';
import type { Contribution } from '../contribution.ts';
import { allOf, type Tier, type TieredPolicy, type TieredRule } from './tiered-policy.ts';

/** What the planes of tiers take from the configuration. */
export interface TierOptions {
  readonly absence: Absence;
  readonly planes: { readonly calico: PlaneMode; readonly l4: PlaneMode };
}

/** Tiers that are there without a document. */
export const standingTiers: readonly Tier[] = [
  { name: 'kube-admin', order: 1_000, onNoMatch: 'pass' },
  { name: 'default', order: 1_000_000, onNoMatch: 'deny' },
  { name: 'kube-baseline', order: 10_000_000, onNoMatch: 'pass' },
];

/**
 * The planes of Calico and Kubernetes policy: `calico` (what Calico's ext_authz server answers; there as soon as one Calico
 * document is) and `l4` (what the network lets pass; there as soon as one policy is). After the last tier both allow.
 */
export function tierPlanes(contributions: readonly Contribution[], options: TierOptions): readonly Plane[] {
  const policies = contributions.flatMap((one) => (one.to === 'tiers' ? [one.policy] : []));
  const tiers = contributions.flatMap((one) => (one.to === 'tier' ? [one.tier] : []));
  const isCalico =
    tiers.length > 0 ||
    policies.some(({ origin }) => origin === 'calico') ||
    contributions.some(({ to }) => to === 'network-set' || to === 'calico');
  const planes: Plane[] = [];
  if (isCalico && policies.length > 0 && options.planes.calico !== 'off') {
    const stages = stagesOf(policies, tiers, 'ingress', checkViews[options.absence]);
    planes.push({ id: 'calico', mode: options.planes.calico, stages });
  }
  if (policies.length > 0 && options.planes.l4 !== 'off') {
    const stages = (['egress', 'ingress'] as const).flatMap((direction) =>
      stagesOf(policies, tiers, direction, networkViews[direction]),
    );
    planes.push({ id: 'l4', mode: options.planes.l4, stages });
  }
  return planes;
}

type Direction = 'ingress' | 'egress';

/** How policies are read for one plane and direction. What a policy became is remembered: of the same document it is the same value. */
interface View {
  readonly rulesOf: (rule: TieredRule) => readonly Rule[];
  readonly known: WeakMap<TieredPolicy, Policy>;
}

const createView = (rulesOf: View['rulesOf']): View => ({ rulesOf, known: new WeakMap() });

const checkViews: Readonly<Record<Absence, View>> = {
  upstream: createView((rule) => checkRules(rule, 'upstream')),
  strict: createView((rule) => checkRules(rule, 'strict')),
};
const networkViews: Readonly<Record<Direction, View>> = {
  ingress: createView((rule) => networkRules(rule)),
  egress: createView((rule) => networkRules(rule)),
};

function stagesOf(
  policies: readonly TieredPolicy[],
  tiers: readonly Tier[],
  direction: Direction,
  view: View,
): RuleStage[] {
  const acting = policies.filter((policy) => policy[direction] !== undefined);
  const byTier = Map.groupBy(acting, ({ tier }) => tier);
  return tiersInOrder(byTier.keys(), tiers).map(({ name, onNoMatch }) => ({
    kind: 'first-match',
    name,
    direction,
    onNoMatch,
    policies: (byTier.get(name) ?? [])
      .toSorted(byOrder)
      .map((policy) => policyIn(view, policy, policy[direction] ?? [])),
  }));
}

/** Tiers with policies: by order, then by name; one without a document comes after all others and denies. */
export function tiersInOrder(used: Iterable<string>, documents: readonly Tier[]): Tier[] {
  const known = new Map([...standingTiers, ...documents].map((tier) => [tier.name, tier]));
  const order = (tier: Tier): number => (known.has(tier.name) ? tier.order : Number.NaN);
  return [...used]
    .map((name): Tier => known.get(name) ?? { name, order: Infinity, onNoMatch: 'deny' })
    .sort((a, b) => {
      if (known.has(a.name) !== known.has(b.name)) return known.has(a.name) ? -1 : 1;
      return order(a) === order(b) || (!known.has(a.name) && !known.has(b.name))
        ? compareText(a.name, b.name)
        : order(a) - order(b);
    });
}

/** Policies of one tier in the sequence in which they are asked. */
export function byOrder(a: TieredPolicy, b: TieredPolicy): number {
  return a.order === b.order ? compareText(a.sortKey, b.sortKey) : a.order - b.order;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function policyIn({ rulesOf, known }: View, policy: TieredPolicy, rules: readonly TieredRule[]): Policy {
  let made = known.get(policy);
  if (made === undefined) {
    made = toPolicy(policy, rules, rulesOf);
    known.set(policy, made);
  }
  return made;
}

function toPolicy(policy: TieredPolicy, rules: readonly TieredRule[], rulesOf: View['rulesOf']): Policy {
  const { ref, position, owner, subject, staged, order } = policy;
  return { ref, position, owner, mode: staged ? 'dry-run' : 'enforce', subject, rules: rules.flatMap(rulesOf), order };
}

/** As Calico's ext_authz server reads a rule: without HTTP attributes an `http` clause counts as met (`strict`: as not met). */
function checkRules({ index, position, effect, check, http }: TieredRule, absence: Absence): Rule[] {
  if (http === undefined) return [{ index, position, effect, http: check, tcp: check }];
  const tcp = absence === 'strict' ? undefined : check;
  const rule: Rule = { index, position, effect, http: allOf([check, http.holds]), tcp };
  return http.refuses === undefined
    ? [rule]
    : [{ index, position, effect: 'deny', http: http.refuses, tcp: undefined }, rule];
}

/** As the network reads a rule: it sees no HTTP, and lets an Allow with `http` pass. */
function networkRules({ index, position, effect, network }: TieredRule): Rule[] {
  const expr: Expr = network;
  return [{ index, position, effect, http: expr, tcp: expr }];
}
