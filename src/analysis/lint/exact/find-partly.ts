/**
 * Finds what is written in rules and never decides, though the rest of the rule does.
 * @module
 */
import type { Absence, Plane } from '../../../policy/model.ts';
import { BoundMet } from '../../regions/bound.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';
import { decidedElsewhere, type Idle } from './decided-before.ts';
import type { FreeRules } from './free/free-rules.ts';
import { crossPorts, factsIn } from './named-facts.ts';
import { createSpend, type SearchBounds } from './search-bounds.ts';
import { createShares, type Shares } from './shares.ts';
import { createStanding, isWhole, type Near, type StandingRule } from './standing-rules.ts';
import { type WrittenPart, writtenParts } from './written-parts.ts';

/** A part of a rule all of whose requests are decided before, none of them as it says. */
export interface ShadowedPart {
  readonly one: StandingRule;
  readonly part: WrittenPart;
  readonly idle: Idle;
}

/** Some of a rule's requests are decided before by rules of others, otherwise than it says, and both name what they differ in. */
export interface Overlap {
  readonly one: StandingRule;
  /** At least one. */
  readonly by: readonly StandingRule[];
}

/** What was found, and the rules of which it cannot be said. */
export interface FoundParts {
  readonly parts: readonly ShadowedPart[];
  readonly overlaps: readonly Overlap[];
  readonly unanswered: readonly PlacedRule[];
  /** How many rules were asked about. */
  readonly of: number;
}

const usual: SearchBounds = { nodes: 200_000, pairs: 4_000_000 };

/** More parts of one rule are not looked at. */
const MOST_PARTS = 256;

/** What is known of rules besides. */
export interface KnownOfRules {
  /** A rule decides nothing at all: it is not asked about. */
  isIdle(one: PlacedRule): boolean;
  /** Two rules are of one author, who knows of both. */
  isOfOne(a: PlacedRule, b: PlacedRule): boolean;
}

/** Asks of every enforced rule. */
export function findParts(
  planes: readonly Plane[],
  absence: Absence,
  { isIdle, isOfOne }: KnownOfRules,
  bounds = usual,
  { lines: all, selections, nearIn } = createStanding(planes),
): FoundParts {
  const lines = all.filter(({ plane }) => isAsked(plane.id, planes));
  const asked = lines.map((line) => ({ line, rules: line.rules.filter((one) => mayBeShadowed(one) && !isIdle(one)) }));
  const of = asked.reduce((sum, { rules }) => sum + rules.length, 0);
  if (of === 0) return { parts: [], overlaps: [], unanswered: [], of };
  const shares = createShares({ planes, absence, selections }, { nodes: bounds.nodes, questions: of });
  const spend = createSpend(bounds.pairs);
  const parts: ShadowedPart[] = [];
  const overlaps: Overlap[] = [];
  const unanswered: PlacedRule[] = [];
  for (const { line, rules } of asked) {
    const near = nearIn(line);
    const nearOf = (one: StandingRule): readonly Near[] => near(one, spend);
    for (const one of rules)
      try {
        const means = { nearOf, shares, spend };
        const own = partsIn(one, means);
        parts.push(...own);
        const by = own.length > 0 ? [] : overlapping(one, isOfOne, means);
        if (by.length > 0) overlaps.push({ one, by });
      } catch (thrown) {
        if (!(thrown instanceof BoundMet)) throw thrown;
        unanswered.push(one);
      }
  }
  return { parts, overlaps, unanswered, of };
}

/** The network sees of Calico's rules what can stand against each other; a rule about HTTP can only allow. */
const isAsked = (id: Plane['id'], planes: readonly Plane[]): boolean =>
  id !== 'calico' || planes.every((plane) => plane.id !== 'l4');

const mayBeShadowed = (one: StandingRule): boolean =>
  isWhole(one) && one.rule.isDefault !== true && one.stage.kind !== 'any-deny';

interface Means {
  nearOf(one: StandingRule): readonly Near[];
  readonly shares: Shares;
  spend(count: number): void;
}

function partsIn(one: StandingRule, { nearOf, shares, spend }: Means): readonly ShadowedPart[] {
  const written = writtenParts(one.policy, one.rule);
  if (written.length === 0) return [];
  let count = 0;
  const shadowed = (part: WrittenPart): readonly ShadowedPart[] => {
    if (++count > MOST_PARTS) throw new BoundMet(`more than ${MOST_PARTS} parts`);
    const own: StandingRule = { ...one, policy: part.policy, rule: part.rule };
    const before = nearOf(own).filter(({ other }) => other.at < one.at);
    if (!before.some((each) => decidesOtherwise(each, one))) return [];
    spend(before.length);
    const idle = shares.within((rules) => shadowOf(own, before, rules));
    return idle === undefined ? part.inner.flatMap(shadowed) : [{ one, part, idle }];
  };
  return written.flatMap(shadowed);
}

function decidesOtherwise({ other, isSure }: Near, { stage, rule }: StandingRule): boolean {
  if (!isSure) return false;
  if (other.rule.effect !== rule.effect) return true;
  return other.stage !== stage && (other.stage.onNoMatch ?? 'deny') !== rule.effect;
}

/** Why a part never decides; undefined if it may, or if what is done is what it says. */
function shadowOf(own: StandingRule, before: readonly Near[], rules: FreeRules): Idle | undefined {
  const region = rules.regionOf(own.stage, own.rule);
  if (rules.isEmpty(region)) return undefined; // other findings are about that
  const idle = decidedElsewhere(own, region, before, rules);
  return idle?.isOpposite === true ? idle : undefined;
}

/** More rules that overlap one are not told. */
const MOST_OVERLAPPING = 4;

/** Rules before one that take some of its requests, and do the opposite with them. */
function overlapping(
  one: StandingRule,
  isOfOne: KnownOfRules['isOfOne'],
  { nearOf, shares, spend }: Means,
): readonly StandingRule[] {
  const named = factsIn(one.rule.http);
  if (named.size === 0) return [];
  const isAboutThose = ({ rule }: StandingRule): boolean => {
    const facts = [...factsIn(rule.http)];
    return facts.length > 0 && facts.every((fact) => named.has(fact));
  };
  const others = nearOf(one).filter(
    ({ other, isSure }) =>
      isSure &&
      other.at < one.at &&
      isOpposite(one, other) &&
      isAboutThose(other) &&
      (!isOfOne(one, other) || crossPorts(one.rule.http, other.rule.http)),
  );
  spend(others.length);
  const out: StandingRule[] = [];
  for (const { other } of others) {
    if (out.length >= MOST_OVERLAPPING) break;
    if (shares.within((rules) => haveCommon(one, other, rules))) out.push(other);
  }
  return out;
}

function isOpposite({ rule, stage }: StandingRule, other: StandingRule): boolean {
  const effects = new Set([rule.effect, other.rule.effect]);
  return effects.has('deny') && effects.has('allow') && (stage.kind !== 'any-allow' || other.stage.kind === 'any-deny');
}

function haveCommon(one: StandingRule, other: StandingRule, rules: FreeRules): boolean {
  const { diagrams, regionOf, escapesAsOnePod, isEmpty, ofOnePod } = rules;
  const [own, its] = [regionOf(one.stage, one.rule), regionOf(other.stage, other.rule)];
  return escapesAsOnePod(own, [], [its]) || !isEmpty(ofOnePod(diagrams.and(own, its)));
}
