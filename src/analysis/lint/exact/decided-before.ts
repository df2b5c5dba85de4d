/**
 * Rules that decide nothing, whoever calls whatever workload: others have decided all their requests, or do the same with them.
 * @module
 */
import type { Effect } from '../../../policy/model.ts';
import { BoundMet } from '../../regions/bound.ts';
import { NONE, type Region } from '../../regions/diagrams.ts';
import type { FreeRules } from './free/free-rules.ts';
import { isPlainlyMet } from './plainly-met.ts';
import type { Near, StandingRule } from './standing-rules.ts';

/** Why a rule decides nothing. */
export interface Idle {
  /** `never`: no request meets it. `before`: others decide all its requests first. `same`: others do the same for all of them. */
  readonly why: 'never' | 'before' | 'same';
  /** The rules that decide its requests, the first ones of them; empty where the end of a tier does. */
  readonly by: readonly StandingRule[];
  /** Tiers that end without leaving any of its requests. */
  readonly ends: readonly string[];
  /** With some of its requests something else is done than it says. */
  readonly differs: boolean;
  /** With all of them. */
  readonly isOpposite: boolean;
}

/** More rules are not put together for one answer. */
const MOST_TOGETHER = 64;
/** Rules on the way to another that take something of it; beyond, the answer is not known. */
const MOST_ON_THE_WAY = 512;

const never: Idle = { why: 'never', by: [], ends: [], differs: false, isOpposite: false };

/** Why a rule decides nothing; undefined if it may decide something. `isIdle` tells of rules that were found before. @throws BoundMet */
export function idleRule(
  one: StandingRule,
  near: readonly Near[],
  rules: FreeRules,
  isIdle: (other: StandingRule) => boolean,
): Idle | undefined {
  const others = near.filter(({ other }) => other !== one);
  if (others.length === 0 && isPlainlyMet(one.rule)) return undefined;
  const region = rules.regionOf(one.stage, one.rule);
  if (rules.isEmpty(region)) return never;
  if (one.stage.kind === 'first-match')
    return (
      decidedBefore(
        one,
        region,
        others.filter(({ other }) => other.at < one.at),
        rules,
      ) ?? sameLater(one, region, others, rules, isIdle)
    );
  const sure = others.flatMap(({ other, isSure }) => (isSure && !isIdle(other) ? [other] : []));
  const denied = one.stage.kind === 'any-allow' ? sure.filter(({ stage }) => stage.kind === 'any-deny') : [];
  const before = together(region, denied, rules);
  if (before !== undefined) return deniedBy(before);
  const alike = sure.filter(({ stage }) => stage === one.stage);
  const same = together(region, alike, rules);
  return same && { why: 'same', by: same, ends: [], differs: false, isOpposite: false };
}

const deniedBy = (by: readonly StandingRule[]): Idle => ({
  ...{ why: 'before', by, ends: [], differs: true, isOpposite: true },
});

/** Why some requests of a rule never come to it; undefined if they may. @param before  what stands before it @throws BoundMet */
export function decidedElsewhere(
  one: StandingRule,
  region: Region,
  before: readonly Near[],
  rules: FreeRules,
): Idle | undefined {
  if (one.stage.kind === 'first-match') return decidedBefore(one, region, before, rules);
  if (one.stage.kind !== 'any-allow') return undefined;
  const denied = before.flatMap(({ other, isSure }) => (isSure && other.stage.kind === 'any-deny' ? [other] : []));
  const by = together(region, denied, rules);
  return by && deniedBy(by);
}

/** One rule that holds wherever the region is, else several that do so together; undefined if there are none. */
function together(region: Region, others: readonly StandingRule[], rules: FreeRules): StandingRule[] | undefined {
  const { diagrams, regionOf, isEmpty, escapes } = rules;
  const owns = others.map(({ stage, rule }) => regionOf(stage, rule));
  if (escapes(region, owns)) return undefined;
  const touching: StandingRule[] = [];
  for (const other of others) {
    const own = regionOf(other.stage, other.rule);
    if (diagrams.and(region, own) === NONE) continue;
    if (isEmpty(diagrams.minus(region, own))) return [other];
    if (touching.length < MOST_TOGETHER) touching.push(other);
  }
  const ownOf = ({ stage, rule }: StandingRule): Region => regionOf(stage, rule);
  const all = touching.reduce((left, other) => diagrams.minus(left, ownOf(other)), region);
  if (touching.length < 2 || !isEmpty(all)) return undefined;
  // What takes nothing that is left is not needed, the last ones first.
  const needed = new Set(touching);
  for (const other of touching.toReversed()) {
    needed.delete(other);
    const left = [...needed].reduce((so, each) => diagrams.minus(so, ownOf(each)), region);
    if (!isEmpty(left)) needed.add(other);
  }
  return touching.filter((other) => needed.has(other));
}

/** What comes of a rule's requests on their way to it. */
export interface Way {
  /** Those that may still come to it. */
  left: Region;
  /** How many rules met some of them. */
  met: number;
  readonly by: Set<StandingRule>;
  readonly ends: Set<string>;
  readonly effects: Set<Effect>;
}

function decidedBefore(one: StandingRule, region: Region, before: readonly Near[], rules: FreeRules): Idle | undefined {
  if (plainlyComes(one, region, before, rules, rules.escapes)) return undefined;
  const way = wayTo(one, region, before, rules);
  if (!rules.isEmpty(way.left)) return undefined;
  const { effect } = one.rule;
  const differs = [...way.effects].some((each) => each !== effect);
  return { why: 'before', by: [...way.by], ends: [...way.ends], differs, isOpposite: !way.effects.has(effect) };
}

/** Takes some requests along the rules that stand before one, in their order. @throws BoundMet */
export function wayTo(one: StandingRule, region: Region, before: readonly Near[], rules: FreeRules): Way {
  const way: Way = { left: region, met: 0, by: new Set(), ends: new Set(), effects: new Set() };
  for (const own of Map.groupBy(before, ({ other }) => other.stage).values()) {
    if (rules.isEmpty(way.left)) break;
    const { stage } = own[0]!.other; // groups have members
    if (stage === one.stage) through(own, way, rules, false);
    else {
      const passed = through(own, way, rules, true);
      const isEnded = stage.onNoMatch !== 'pass' && own.some(({ isSure }) => isSure);
      if (isEnded && way.left !== NONE) {
        way.ends.add(stage.name);
        way.effects.add(stage.onNoMatch ?? 'deny');
      }
      way.left = isEnded ? passed : rules.diagrams.or(way.left, passed);
    }
  }
  return way;
}

/** Tells that some request plainly gets to a rule past all that stands before it; false says nothing. */
export function plainlyComes(
  { stage: own }: StandingRule,
  region: Region,
  before: readonly Near[],
  { diagrams, regionOf }: Pick<FreeRules, 'diagrams' | 'regionOf'>,
  escapes: FreeRules['escapes'],
): boolean {
  const regionsOf = (some: readonly Near[]): Region[] => some.map(({ other }) => regionOf(other.stage, other.rule));
  const isPass = ({ other }: Near): boolean => other.stage !== own && other.rule.effect === 'pass';
  const deciding = before.filter((each) => each.isSure && !isPass(each));
  const ended = [...Map.groupBy(before, ({ other }) => other.stage)].filter(
    ([stage, some]) => stage !== own && stage.onNoMatch !== 'pass' && some.some(({ isSure }) => isSure),
  );
  const passed = ended.map(([, some]) => regionsOf(some.filter(isPass)).reduce(diagrams.or, NONE));
  return escapes(region, regionsOf(deciding), passed);
}

/** Takes away what rules surely decide; returns what may pass on to the next tier. */
function through(own: readonly Near[], way: Way, { diagrams, regionOf, meet }: FreeRules, isBefore: boolean): Region {
  let passed: Region = NONE;
  for (const { other, isSure } of own) {
    const passes = isBefore && other.rule.effect === 'pass';
    if (!isSure && !passes) continue;
    if (way.left === NONE) break;
    const region = regionOf(other.stage, other.rule);
    if (!meet(way.left, region)) continue;
    if (++way.met > MOST_ON_THE_WAY) throw new BoundMet(`more than ${MOST_ON_THE_WAY} rules before it`);
    if (passes) passed = diagrams.or(passed, diagrams.and(way.left, region));
    way.left = diagrams.minus(way.left, region);
    if (passes) continue;
    way.by.add(other);
    way.effects.add(other.rule.effect);
  }
  return passed;
}

/** Rules of its own tier that come later, and would do the same with all of its requests. */
function sameLater(
  { stage, rule, at }: StandingRule,
  region: Region,
  others: readonly Near[],
  { diagrams, regionOf, isEmpty, escapes }: FreeRules,
  isIdle: (other: StandingRule) => boolean,
): Idle | undefined {
  const later = others.filter(({ other }) => other.stage === stage && other.at > at);
  const alike = later.filter(({ other, isSure }) => isSure && other.rule.effect === rule.effect && !isIdle(other));
  if (
    escapes(
      region,
      alike.map(({ other }) => regionOf(stage, other.rule)),
    )
  )
    return undefined;
  let left = region;
  const by: StandingRule[] = [];
  for (const { other, isSure } of later) {
    const own = diagrams.and(left, regionOf(other.stage, other.rule));
    if (own === NONE) continue;
    if (other.rule.effect !== rule.effect) {
      if (!isEmpty(own)) return undefined;
    } else if (isSure && !isIdle(other)) {
      by.push(other);
      left = diagrams.minus(left, own);
      if (isEmpty(left)) return { why: 'same', by, ends: [], differs: false, isOpposite: false };
    }
  }
  return undefined;
}
