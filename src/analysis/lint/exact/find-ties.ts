/**
 * Finds pairs of policies of one tier and one order whose names alone tell what becomes of a request.
 * @module
 */
import type { Absence, Plane, Policy, Rule, RuleStage } from '../../../policy/model.ts';
import { BoundMet } from '../../regions/bound.ts';
import type { Region } from '../../regions/diagrams.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';
import { plainlyComes, wayTo } from './decided-before.ts';
import type { FreeRules } from './free/free-rules.ts';
import type { Selections } from './free/selections.ts';
import { createSpend, usualBounds } from './search-bounds.ts';
import { createShares, type Shares } from './shares.ts';
import { createStanding, isWhole, type Line, type Near, type NearOf, type StandingRule } from './standing-rules.ts';

/** Two rules of policies that nothing but names puts in sequence: both would decide some request, each otherwise. */
export interface Tie {
  readonly first: StandingRule;
  readonly second: StandingRule;
  /** Whatever one of the two policies selects, the other does. */
  readonly isSure: boolean;
  /** One allows and one denies. What comes of Pass later tiers decide, maybe the same. */
  readonly isOpposite: boolean;
}

/** What was found, and what cannot be said. */
export interface FoundTies {
  readonly ties: readonly Tie[];
  readonly unanswered: readonly PlacedRule[];
  /** Rules of policies that are not alone with their order and do not all do the same. */
  readonly of: number;
}

/** Of a policy that surely contradicts so many no more are looked for, nor of one that may contradict more. */
const ENOUGH = { sure: 2, opposite: 4, open: 4 };
/** Nodes of regions that are made for one pair of policies. */
const OF_A_PAIR = 1_500;

/** Ties of the network, which sees all policies of tiers; where it is not looked at, of Calico's plane. */
export function findTies(
  planes: readonly Plane[],
  absence: Absence,
  bounds = usualBounds,
  { lines: all, selections, nearIn } = createStanding(planes),
): FoundTies {
  const asked = planes.some(({ id }) => id === 'l4') ? 'l4' : 'calico';
  const lines = all.filter(({ plane: { id } }) => id === asked);
  const grouped = lines.map((line) => ({ line, groups: groupsIn(line) }));
  const tied = grouped.flatMap(({ groups }) => groups.flat());
  if (tied.length === 0) return { ties: [], unanswered: [], of: 0 };
  const shares = createShares({ planes, absence, selections }, { nodes: bounds.nodes, questions: tied.length });
  const spend = createSpend(bounds.pairs);
  const found = grouped.map(({ line, groups }) => tiesAlong(nearIn(line), groups, { shares, selections, spend }));
  return {
    ties: found.flatMap(({ ties }) => ties),
    unanswered: found.flatMap(({ unanswered }) => unanswered),
    of: tied.reduce((sum, { rules }) => sum + rules.length, 0),
  };
}

interface Means {
  readonly shares: Shares;
  readonly selections: Selections;
  spend(count: number): void;
}

interface LineMeans extends Omit<Means, 'shares'> {
  readonly rules: FreeRules;
  nearOf(one: StandingRule): readonly Near[];
}

interface Tied {
  readonly policy: Policy;
  readonly rules: readonly StandingRule[];
  /** It does not allow alone. */
  readonly isOther: boolean;
}

function tiesAlong(
  near: NearOf,
  groups: readonly (readonly Tied[])[],
  { shares, ...means }: Means,
): Omit<FoundTies, 'of'> {
  const nearOf = (one: StandingRule): readonly Near[] => near(one, means.spend);
  const ties: Tie[] = [];
  const unanswered: PlacedRule[] = [];
  for (const group of groups) {
    const among = byNamespace(group);
    for (const second of group) {
      const found = tiesOf(second, among(second), { ...means, shares, nearOf });
      ties.push(...found.ties);
      if (found.isShort && !found.ties.some(({ isOpposite }) => isOpposite)) unanswered.push(...second.rules);
    }
  }
  return { ties, unanswered };
}

/** Ties of one policy with those before it; `isShort`: of some pairs it would cost too much to say. */
function tiesOf(
  second: Tied,
  among: Iterable<Tied>,
  { shares, ...means }: Means & Pick<LineMeans, 'nearOf'>,
): { readonly ties: readonly Tie[]; readonly isShort: boolean } {
  const ties: Tie[] = [];
  const left = { ...ENOUGH };
  let isShort = false;
  for (const first of among) {
    if (left.sure <= 0 || left.opposite <= 0) break;
    const isOpen = left.open > 0;
    try {
      const tie = shares.within((rules) => tieOf(first, second, isOpen, { ...means, rules }), OF_A_PAIR);
      if (tie === undefined) continue;
      ties.push(tie);
      if (!tie.isOpposite) left.open--;
      else if (tie.isSure) left.sure--;
      else left.opposite--;
    } catch (thrown) {
      if (!(thrown instanceof BoundMet)) throw thrown;
      isShort = true;
    }
  }
  return { ties: ties.toSorted((a, b) => Number(b.isOpposite) - Number(a.isOpposite)), isShort };
}

/** Policies of one stage and order, if they do not all do the same. */
function groupsIn({ stages, rules }: Line): readonly (readonly Tied[])[] {
  const byPolicy = Map.groupBy(rules, ({ policy }) => policy);
  const tiedIn = (stage: RuleStage): Tied[] =>
    stage.policies.flatMap((policy) => {
      const own = byPolicy.get(policy);
      if (own === undefined || policy.order === undefined) return [];
      return [{ policy, rules: own, isOther: own.some(({ rule }) => rule.effect !== 'allow') }];
    });
  return stages
    .flatMap((stage) => [...Map.groupBy(tiedIn(stage), ({ policy }) => policy.order).values()])
    .filter((group) => group.length > 1 && new Set(group.flatMap((one) => one.rules.map(effectOf))).size > 1);
}

const effectOf = ({ rule }: PlacedRule): Rule['effect'] => rule.effect;

/** Finds those that are asked before one and may be asked of the same workload, and of which one denies or passes on. */
function byNamespace(group: readonly Tied[]): (one: Tied) => Iterable<Tied> {
  const placed = group.map((tied, at) => ({ tied, at }));
  const index = (some: typeof placed) => Map.groupBy(some, ({ tied }) => tied.policy.subject.namespace);
  const [every, others] = [index(placed), index(placed.filter(({ tied }) => tied.isOther))];
  const places = new Map(placed.map(({ tied, at }) => [tied, at]));
  return (one) => {
    const among = one.isOther ? every : others;
    const { namespace } = one.policy.subject;
    const near =
      namespace === undefined
        ? [...among.values()].flat()
        : [...(among.get(undefined) ?? []), ...(among.get(namespace) ?? [])];
    const own = places.get(one)!; // it is of the group
    return near.filter(({ at }) => at < own).map(({ tied }) => tied);
  };
}

function tieOf(
  first: Tied,
  second: Tied,
  isOpen: boolean,
  { rules, selections: { meet, covers }, spend, nearOf }: LineMeans,
): Tie | undefined {
  spend(1);
  const [one, other] = [first.policy.subject, second.policy.subject];
  if (!meet(one, other)) return undefined;
  const [start] = first.rules; // it has some
  let known: readonly Near[] | undefined;
  /** What is decided before both; mostly nothing is common to the two, and it is not asked for. */
  const before = (): readonly Near[] => {
    known ??= merged(nearOf(start!), nearOf(second.rules[0]!), start!.at);
    return known;
  };
  const isSure = covers(one, other) || covers(other, one);
  const owns = decidingOf(second, rules);
  let open: Tie | undefined;
  for (const [a, region] of decidingOf(first, rules)) {
    if (isVoid(a, region, nearOf, rules)) continue;
    spend(owns.length);
    for (const [b, own] of owns) {
      if (a.rule.effect === b.rule.effect) continue;
      const isOpposite = a.rule.effect !== 'pass' && b.rule.effect !== 'pass';
      if (!isOpposite && (!isOpen || open !== undefined)) continue;
      if (!rules.meet(region, own)) continue;
      const both = rules.diagrams.and(region, own);
      if (rules.isEmpty(both) || !comesToBoth(a, both, before, rules)) continue;
      const tie = { first: a, second: b, isSure, isOpposite };
      if (isOpposite) return tie;
      open = tie;
    }
  }
  return open;
}

const voids = new WeakMap<FreeRules, Map<StandingRule, boolean>>();

/** Whether a rule plainly decides nothing, by what stands before it. */
function isVoid(a: StandingRule, region: Region, nearOf: LineMeans['nearOf'], rules: FreeRules): boolean {
  const known = voids.get(rules) ?? new Map<StandingRule, boolean>();
  voids.set(rules, known);
  const made =
    known.get(a) ??
    isDecidedByOne(
      a,
      region,
      nearOf(a).filter(({ other }) => other.at < a.at && other.policy !== a.policy),
      rules,
    );
  known.set(a, made);
  return made;
}

/** Whether a request of a pod that may be comes to two rules past what is decided before both. @throws BoundMet */
function comesToBoth(a: StandingRule, both: Region, before: () => readonly Near[], rules: FreeRules): boolean {
  const { ofOnePod, isEmpty, escapesAsOnePod } = rules;
  if (!escapesAsOnePod(both, []) && isEmpty(ofOnePod(both))) return false;
  if (plainlyComes(a, both, before(), rules, escapesAsOnePod)) return true;
  return !isDecidedByOne(a, both, before(), rules) && !isEmpty(ofOnePod(wayTo(a, both, before(), rules).left));
}

/** A rule of the same tier surely decides them all before. */
const isDecidedByOne = (
  { stage }: StandingRule,
  region: Region,
  before: readonly Near[],
  { isWithin, regionOf }: FreeRules,
): boolean =>
  before.some(({ other, isSure }) => isSure && other.stage === stage && isWithin(region, regionOf(stage, other.rule)));

/** Two lists in the order in which they are asked, as one, each rule once; surely asked if either list says so. */
function merged(some: readonly Near[], others: readonly Near[], end: number): readonly Near[] {
  const out: Near[] = [];
  let j = 0;
  for (const one of some) {
    if (one.other.at >= end) break;
    for (; j < others.length && others[j]!.other.at < one.other.at; j++) out.push(others[j]!);
    const same = others[j]?.other === one.other ? others[j++] : undefined;
    out.push(same?.isSure === true ? same : one);
  }
  for (; j < others.length && others[j]!.other.at < end; j++) out.push(others[j]!);
  return out;
}

/** What is decided by each rule of a policy. */
type Deciding = readonly (readonly [StandingRule, Region])[];

const decidings = new WeakMap<FreeRules, Map<Tied, Deciding>>();

/** What each rule decides if its policy is asked; nothing of those that the model has not whole, or that refuse what is no path. */
function decidingOf(tied: Tied, rules: FreeRules): Deciding {
  const known = decidings.get(rules) ?? new Map<Tied, Deciding>();
  decidings.set(rules, known);
  const made = known.get(tied) ?? decidedBy(tied, rules);
  known.set(tied, made);
  return made;
}

function decidedBy({ rules: own }: Tied, { diagrams, regionOf, isEmpty }: FreeRules): Deciding {
  const earlier: Region[] = [];
  return own.flatMap((one, i) => {
    const region = regionOf(one.stage, one.rule);
    const deciding = earlier.reduce((left, each) => diagrams.minus(left, each), region);
    earlier.push(region);
    const isPart = own[i + 1]?.rule.index === one.rule.index;
    return isPart || !isWhole(one) || isEmpty(deciding) ? [] : [[one, deciding] as const];
  });
}
