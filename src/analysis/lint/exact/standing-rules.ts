/**
 * Rules in the order in which they are asked, and what stands around each: those that surely are asked of the same workloads, and those
 * that may be.
 * @module
 */
import { nameOfSubject } from '../../../policy/meaning/subject.ts';
import type { Plane, RuleStage, Subject } from '../../../policy/model.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';
import { mentions } from '../scene/requests.ts';
import { createSelections, type Selections } from './free/selections.ts';
import type { Spend } from './search-bounds.ts';

/** A rule with its place in its line. */
export interface StandingRule extends PlacedRule {
  readonly at: number;
}

/** Stages of one plane and direction, of which each asks what the one before left. */
export interface Line {
  readonly plane: Plane;
  readonly stages: readonly RuleStage[];
  readonly rules: readonly StandingRule[];
}

/** Enforced rules in lines: of the network one for each direction. */
function linesOf(planes: readonly Plane[]): readonly Line[] {
  return planes.flatMap((plane) => {
    const asked = plane.stages.filter(
      (stage): stage is RuleStage =>
        stage.kind === 'any-deny' || stage.kind === 'any-allow' || stage.kind === 'first-match',
    );
    return linedUp(plane, asked).map((stages): Line => {
      const placed = stages.flatMap((stage) =>
        stage.policies
          .filter(({ mode }) => mode === 'enforce')
          .flatMap((policy) => policy.rules.map((rule): PlacedRule => ({ plane: plane.id, stage, policy, rule }))),
      );
      const rules = placed.filter(({ rule }) => rule.effect !== 'log').map((each, at) => ({ ...each, at }));
      return { plane, stages, rules };
    });
  });
}

/** The network asks both ends apart; layers of the site let pass or not each by itself. */
function linedUp({ id }: Plane, stages: readonly RuleStage[]): readonly (readonly RuleStage[])[] {
  if (id === 'site') return stages.map((stage) => [stage]);
  return [...Map.groupBy(stages, ({ direction = 'ingress' }) => direction).values()];
}

/** Rules that may be asked of a workload that another rule is asked of. */
export interface Near {
  readonly other: StandingRule;
  /** Wherever the one is asked, the other one is. */
  readonly isSure: boolean;
}

/** Finds the rules around one, in their order. @throws what `spend` throws */
export type NearOf = (one: StandingRule, spend: Spend) => readonly Near[];

/** All enforced rules of some planes, and what stands around each: found once for all that is asked of them. */
export interface Standing {
  readonly lines: readonly Line[];
  readonly selections: Selections;
  nearIn(line: Line): NearOf;
}

/** Lines rules up. */
export function createStanding(planes: readonly Plane[]): Standing {
  const lines = linesOf(planes).filter(({ rules }) => rules.length > 0);
  const selections = createSelections();
  const known = new Map<Line, NearOf>();
  return {
    ...{ lines, selections },
    nearIn(line) {
      const made = known.get(line) ?? createNeighbourhood(line, selections);
      known.set(line, made);
      return made;
    },
  };
}

function createNeighbourhood({ rules }: Line, { covers, meet, wantedBy }: Selections): NearOf {
  const candidates = createCandidates(rules, wantedBy);
  const known = new Map<string, readonly Near[]>();
  return ({ policy: { subject } }, spend) => {
    const name = nameOfSubject(subject);
    const made = known.get(name);
    if (made !== undefined) return made;
    const own = candidates(subject);
    spend(own.length);
    // Rules of one policy, and policies of one selector, are looked at once.
    const near = [...Map.groupBy(own, ({ policy }) => nameOfSubject(policy.subject)).values()].flatMap(
      (alike): Near[] => {
        const other = alike[0]!.policy.subject; // groups have members
        const isSure = covers(other, subject);
        if (!isSure && !meet(other, subject)) return [];
        return alike.map((each) => ({ other: each, isSure: isSure && isWhole(each) }));
      },
    );
    near.sort((a, b) => a.other.at - b.other.at);
    known.set(name, near);
    return near;
  };
}

/** Rules of one namespace that want a label to have one of some values; the empty text stands for no label at all. */
type ByLabel = Map<string, Map<string, StandingRule[]>>;

/** Finds the rules whose workloads may be those of a subject, as far as namespaces and one label tell. */
function createCandidates(
  rules: readonly StandingRule[],
  wantedBy: Selections['wantedBy'],
): (subject: Subject) => readonly StandingRule[] {
  const places = new Map<string | undefined, ByLabel>();
  const file = (place: string | undefined, key: string, value: string, rule: StandingRule): void => {
    const byLabel = places.get(place) ?? new Map<string, Map<string, StandingRule[]>>();
    places.set(place, byLabel);
    const byValue = byLabel.get(key) ?? new Map<string, StandingRule[]>();
    byLabel.set(key, byValue);
    const those = byValue.get(value);
    if (those === undefined) byValue.set(value, [rule]);
    else those.push(rule);
  };
  for (const rule of rules) {
    const { subject } = rule.policy;
    const [[key, values] = ['', ['']]] = wantedBy(subject);
    for (const value of values) file(subject.namespace, key, value, rule);
  }
  return (subject) => {
    const wanted = wantedBy(subject);
    const near = subject.namespace === undefined ? [...places.keys()] : [undefined, subject.namespace];
    const found = near.flatMap((place) =>
      [...(places.get(place) ?? [])].flatMap(([key, byValue]) =>
        (wanted.get(key) ?? [...byValue.keys()]).flatMap((value) => byValue.get(value) ?? []),
      ),
    );
    return [...new Set(found)];
  };
}

const ICMP: readonly number[] = [1, 58];

/** Whether the model has all that a rule asks; types and codes of ICMP it has not. */
export const isWhole = ({ rule }: PlacedRule): boolean =>
  !mentions(rule.http, (atom) => atom.op === 'protocol' && atom.any.some((number) => ICMP.includes(number)));
