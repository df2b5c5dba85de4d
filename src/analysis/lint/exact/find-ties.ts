/**
 * Finds pairs of policies of one tier and one order whose names alone tell what becomes of a request.
 * @module
 */
import type { Absence, Plane, Policy, Rule, RuleStage } from '../../../policy/model.ts';
import { BoundMet } from '../../regions/bound.ts';
import type { Region } from '../../regions/diagrams.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';
import { wayTo } from './decided-before.ts';
import { createFreeRules, type FreeRules } from './free-rules.ts';
import { createSelections, type Selections } from './selections.ts';
import { createNeighbourhood, isWhole, type Line, linesOf, type Near, type StandingRule } from './standing-rules.ts';

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

/** Nodes of regions that are made for all pairs, and pairs of policies and of rules that are compared: some seconds. */
const usual = { nodes: 400_000, pairs: 2_000_000 };

/** Of a policy that surely contradicts so many no more are looked for. */
const ENOUGH = 2;

/** Ties of the network, which sees all policies of tiers; where it is not looked at, of Calico's plane. */
export function findTies(planes: readonly Plane[], absence: Absence, bounds = usual): FoundTies {
  const those = planes.filter(({ id }) => id === 'l4');
  const lines = linesOf(those.length > 0 ? those : planes.filter(({ id }) => id === 'calico'));
  const selections = createSelections();
  const rules = createFreeRules(planes, absence, selections);
  rules.diagrams.limitTo(rules.diagrams.size + bounds.nodes);
  let left = bounds.pairs;
  const spend = (count: number): void => {
    left -= count;
    if (left < 0) throw new BoundMet(`more than ${bounds.pairs} pairs of rules`);
  };
  const found = lines.map((line) => tiesAlong(line, { rules, selections, spend }));
  return {
    ties: found.flatMap(({ ties }) => ties),
    unanswered: found.flatMap(({ unanswered }) => unanswered),
    of: found.reduce((sum, one) => sum + one.of, 0),
  };
}

interface Means {
  readonly rules: FreeRules;
  readonly selections: Selections;
  spend(count: number): void;
}

interface LineMeans extends Means {
  nearOf(one: StandingRule): readonly Near[];
  decidedBy(tied: Tied): Deciding;
}

/** What is decided by each rule of a policy. */
type Deciding = readonly (readonly [StandingRule, Region])[];

interface Tied {
  readonly policy: Policy;
  readonly rules: readonly StandingRule[];
  /** It does not allow alone. */
  readonly isOther: boolean;
}

function tiesAlong(line: Line, means: Means): FoundTies {
  const nearOf = createNeighbourhood(line, means.selections, means.spend);
  const known = new Map<Tied, Deciding>();
  const decidedBy = (tied: Tied): Deciding => {
    const made = known.get(tied) ?? decidingOf(tied, means.rules);
    known.set(tied, made);
    return made;
  };
  const ties: Tie[] = [];
  const unanswered: PlacedRule[] = [];
  let of = 0;
  for (const group of groupsIn(line)) {
    of += group.reduce((sum, { rules }) => sum + rules.length, 0);
    const among = byNamespace(group);
    for (const second of group) {
      let sure = 0;
      try {
        for (const first of among(second)) {
          if (sure >= ENOUGH) break;
          const tie = tieOf(first, second, { ...means, nearOf, decidedBy });
          if (tie?.isSure && tie.isOpposite) sure++;
          if (tie !== undefined) ties.push(tie);
        }
      } catch (thrown) {
        if (!(thrown instanceof BoundMet)) throw thrown;
        unanswered.push(second.rules[0]!); // those without rules are not in a group
      }
    }
  }
  return { ties, unanswered, of };
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
  { rules, selections: { meet, covers }, spend, nearOf, decidedBy }: LineMeans,
): Tie | undefined {
  spend(1);
  const [one, other] = [first.policy.subject, second.policy.subject];
  if (!meet(one, other)) return undefined;
  const [start] = first.rules; // it has some
  const before = [...nearOf(start!), ...nearOf(second.rules[0]!)].filter(({ other: { at } }) => at < start!.at);
  const way = inOrder(before);
  const isSure = covers(one, other) || covers(other, one);
  const owns = decidedBy(second);
  let open: Tie | undefined;
  for (const [a, region] of decidedBy(first)) {
    spend(owns.length);
    for (const [b, own] of owns) {
      if (a.rule.effect === b.rule.effect) continue;
      const isOpposite = a.rule.effect !== 'pass' && b.rule.effect !== 'pass';
      if (!isOpposite && open !== undefined) continue;
      const both = rules.diagrams.and(region, own);
      const left = rules.isEmpty(both) ? both : wayTo(a, both, way, rules).left;
      if (rules.isEmpty(rules.ofOnePod(left))) continue;
      const tie = { first: a, second: b, isSure, isOpposite };
      if (isOpposite) return tie;
      open = tie;
    }
  }
  return open;
}

/** Each once, in the order in which they are asked; surely asked if either policy says so. */
function inOrder(near: readonly Near[]): readonly Near[] {
  const byRule = Map.groupBy(near, ({ other }) => other);
  return [...byRule]
    .map(([other, some]): Near => ({ other, isSure: some.some(({ isSure }) => isSure) }))
    .toSorted((a, b) => a.other.at - b.other.at);
}

/** What each rule decides if its policy is asked; nothing of those that the model has not whole, or that refuse what is no path. */
function decidingOf({ rules: own }: Tied, { diagrams, regionOf, isEmpty }: FreeRules): Deciding {
  const earlier: Region[] = [];
  return own.flatMap((one, i) => {
    const region = regionOf(one.stage, one.rule);
    const deciding = earlier.reduce((left, each) => diagrams.minus(left, each), region);
    earlier.push(region);
    const isPart = own[i + 1]?.rule.index === one.rule.index;
    return isPart || !isWhole(one) || isEmpty(deciding) ? [] : [[one, deciding] as const];
  });
}
