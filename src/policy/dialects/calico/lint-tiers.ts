/**
 * What only all tiered policies together show: tiers that are not there, equal orders, of which names decide the sequence, and policies
 * that never come to be asked.
 * @module
 */

import type { Finding } from '../../documents/finding.ts';
import { otherRule, withOthers } from '../../documents/other-rule.ts';
import { placeText } from '../../documents/position.ts';
import { areApart } from '../../meaning/contradiction.ts';
import { areSubjectsApart } from '../../meaning/label-contradiction.ts';
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

/** Policies of one tier and order that may meet at one pod and would decide some connection otherwise. */
function tiesIn(policies: readonly TieredPolicy[]): Finding[] {
  const all = policies.map((policy, i): Tied => ({ policy, i, isDenying: actionsOf(policy).has('deny') }));
  const denying = byNamespace(all.filter(({ isDenying }) => isDenying));
  if (denying.size === 0) return []; // one of two that contradict each other denies
  const every = byNamespace(all);
  return all.flatMap((one) => {
    const among = near(one.isDenying ? every : denying, one.policy.subject.namespace);
    const first = among.reduce<Tied | undefined>(
      (found, other) => (other.i < (found?.i ?? one.i) && contradict(other.policy, one.policy) ? other : found),
      undefined,
    );
    return first === undefined ? [] : [tie(one.policy, first.policy)];
  });
}

interface Tied {
  readonly policy: TieredPolicy;
  readonly i: number;
  readonly isDenying: boolean;
}

type ByNamespace = ReadonlyMap<string | undefined, readonly Tied[]>;

const byNamespace = (all: readonly Tied[]): ByNamespace => Map.groupBy(all, ({ policy }) => policy.subject.namespace);

/** Those that may meet one of a namespace; of all, where it is none. */
const near = (all: ByNamespace, namespace: string | undefined): readonly Tied[] =>
  namespace === undefined ? [...all.values()].flat() : [...(all.get(undefined) ?? []), ...(all.get(namespace) ?? [])];

/** Whether the two are told of as a tie. */
const isTie = (a: TieredPolicy, b: TieredPolicy): boolean =>
  a.tier === b.tier && a.order === b.order && mayMeet(a, b) && contradict(a, b);

const actionsOf = ({ ingress = [], egress = [] }: TieredPolicy): ReadonlySet<Effect> =>
  new Set([...ingress, ...egress].map(({ effect }) => effect));

/** Whether one denies what the other lets pass, as far as the two alone tell. */
const contradict = (a: TieredPolicy, b: TieredPolicy): boolean =>
  !areSubjectsApart(a.subject, b.subject) &&
  (['ingress', 'egress'] as const).some((side) => {
    const [own, others] = [a[side] ?? [], b[side] ?? []];
    return own.some((one) =>
      others.some((other) => areOpposed(one.effect, other.effect) && !areApart(one.network, other.network)),
    );
  });

const areOpposed = (a: Effect, b: Effect): boolean =>
  a !== b && (a === 'deny' || b === 'deny') && a !== 'log' && b !== 'log';

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
    message: `${name(policy)} and ${name(other)} (${placeText(other.position)}) have ${same} in tier ${tier} and do not do the same with what both are asked about: the name decides which comes first`,
    fix: 'give them different orders',
    ...withOthers([otherRule(other.ref, other.position)]),
  };
}
