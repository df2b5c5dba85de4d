/**
 * What only all tiered policies together show: tiers that are not there, equal orders, of which names decide the sequence, and policies
 * that never come to be asked.
 * @module
 */

import type { Finding } from '../../documents/finding.ts';
import { placeText } from '../../documents/position.ts';
import type { Effect } from '../../model.ts';
import type { Contribution } from '../contribution.ts';
import { lintShadows } from './lint-shadows.ts';
import { standingTiers } from './planes.ts';
import type { TieredPolicy } from './tiered-policy.ts';

/** Warns about all of it. */
export function lintTiers(contributions: readonly Contribution[]): readonly Finding[] {
  const policies = contributions.flatMap((one) => (one.to === 'tiers' ? [one.policy] : []));
  const tiers = contributions.flatMap((one) => (one.to === 'tier' ? [one.tier] : []));
  const known = new Set([...standingTiers, ...tiers].map(({ name }) => name));
  const missing = policies.filter(({ tier }) => !known.has(tier)).map(missingTier);
  const groups = Map.groupBy(
    policies.filter(({ staged }) => !staged),
    ({ tier, order }) => JSON.stringify([tier, String(order)]),
  );
  return [...missing, ...[...groups.values()].flatMap(tiesIn), ...lintShadows(policies, tiers, isTie)];
}

function missingTier({ position, tier }: TieredPolicy): Finding {
  return {
    ...position,
    severity: 'warning',
    code: 'tier-missing',
    path: 'spec.tier',
    message: `there is no tier ${JSON.stringify(tier)}: the policy acts after all tiers, and what none of its rules matches is denied`,
    fix: 'add the Tier document, or correct the name',
  };
}

/** Policies of one tier and order that may meet at one pod and do not do the same. */
function tiesIn(policies: readonly TieredPolicy[]): Finding[] {
  const all = policies.map((policy, i): Tied => ({ policy, i, effects: effectsOf(policy) }));
  const denying = byNamespace(all.filter(isDenying));
  if (denying.size === 0) return []; // one of two that contradict each other denies
  const every = byNamespace(all);
  return all.flatMap((one) => {
    const among = near(isDenying(one) ? every : denying, one.policy.subject.namespace);
    const first = among.reduce<Tied | undefined>(
      (found, other) => (other.i < (found?.i ?? one.i) && contradict(other.effects, one.effects) ? other : found),
      undefined,
    );
    return first === undefined ? [] : [tie(one.policy, first.policy)];
  });
}

interface Tied {
  readonly policy: TieredPolicy;
  readonly i: number;
  readonly effects: Effects;
}

const isDenying = ({ effects: { ingress, egress } }: Tied): boolean => ingress.has('deny') || egress.has('deny');

type ByNamespace = ReadonlyMap<string | undefined, readonly Tied[]>;

const byNamespace = (all: readonly Tied[]): ByNamespace => Map.groupBy(all, ({ policy }) => policy.subject.namespace);

/** Those that may meet one of a namespace; of all, where it is none. */
const near = (all: ByNamespace, namespace: string | undefined): readonly Tied[] =>
  namespace === undefined ? [...all.values()].flat() : [...(all.get(undefined) ?? []), ...(all.get(namespace) ?? [])];

/** Whether the two are told of as a tie. */
const isTie = (a: TieredPolicy, b: TieredPolicy): boolean =>
  a.tier === b.tier && a.order === b.order && mayMeet(a, b) && contradict(effectsOf(a), effectsOf(b));

const effectsOf = ({ ingress = [], egress = [] }: TieredPolicy) => ({
  ingress: new Set(ingress.map(({ effect }) => effect)),
  egress: new Set(egress.map(({ effect }) => effect)),
});

type Effects = ReturnType<typeof effectsOf>;

function contradict(a: Effects, b: Effects): boolean {
  const opposed = (x: ReadonlySet<Effect>, y: ReadonlySet<Effect>): boolean =>
    x.has('deny') && (y.has('allow') || y.has('pass'));
  return (['ingress', 'egress'] as const).some((side) => opposed(a[side], b[side]) || opposed(b[side], a[side]));
}

function mayMeet(a: TieredPolicy, b: TieredPolicy): boolean {
  const [x, y] = [a.subject.namespace, b.subject.namespace];
  return x === undefined || y === undefined || x === y;
}

function tie(policy: TieredPolicy, other: TieredPolicy): Finding {
  const { position, order, tier } = policy;
  const name = ({ ref }: TieredPolicy): string => (ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`);
  const same = order === Infinity ? 'no order' : `order ${order}`;
  return {
    ...position,
    severity: 'warning',
    code: 'order-tie',
    path: 'spec.order',
    message: `${name(policy)} and ${name(other)} (${placeText(other.position)}) have ${same} in tier ${tier} and do not do the same: the name decides which comes first`,
    fix: 'give them different orders',
  };
}
