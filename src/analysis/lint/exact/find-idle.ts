/**
 * Goes through the rules of all planes and finds those that decide nothing.
 * @module
 */
import type { Absence, Plane } from '../../../policy/model.ts';
import { BoundMet } from '../../regions/bound.ts';
import type { PlacedRule } from '../scene/placed-rule.ts';
import { type Idle, idleRule } from './decided-before.ts';
import { createFreeRules } from './free-rules.ts';
import { createSelections } from './selections.ts';
import { createNeighbourhood, isWhole, type Line, linesOf, type StandingRule } from './standing-rules.ts';

/** A rule that decides nothing. */
export interface IdleRule {
  readonly one: StandingRule;
  readonly idle: Idle;
}

/** What was found, and the rules of which it cannot be said. */
export interface FoundIdle {
  readonly idle: readonly IdleRule[];
  readonly unanswered: readonly PlacedRule[];
  /** How many rules were asked about. */
  readonly of: number;
}

/** What may be spent. */
export interface IdleBounds {
  /** Nodes of regions: some hundred megabytes at most. */
  readonly nodes: number;
  /** Pairs of rules that are compared: some seconds. */
  readonly pairs: number;
}

const usual: IdleBounds = { nodes: 400_000, pairs: 4_000_000 };

/** Each rule of a document once; of one that stands in several planes only if it is idle in all of them. */
export function findIdle(planes: readonly Plane[], absence: Absence, bounds = usual): FoundIdle {
  const lines = linesOf(planes).filter(({ rules }) => rules.length > 0);
  const all = lines.flatMap(({ rules }) => rules);
  if (all.length === 0) return { idle: [], unanswered: [], of: 0 };
  const search = createSearch(planes, absence, bounds);
  const unanswered = lines.flatMap(search.along);
  const idle = [...Map.groupBy(all, placeInDocument).values()].flatMap((same): IdleRule[] => {
    const found = same.flatMap((one) => {
      const made = search.idle.get(one);
      return made === undefined ? [] : [{ one, idle: made }];
    });
    return found.length < same.length ? [] : [found.find((each) => each.idle.differs) ?? found[0]!]; // groups have members
  });
  return { idle, unanswered, of: all.length };
}

const placeInDocument = ({ policy, rule: { position, index } }: PlacedRule): string =>
  JSON.stringify([policy.ref, index, position.file, position.line, position.column]);

interface Search {
  readonly idle: ReadonlyMap<StandingRule, Idle>;
  /** Looks along a line from its end; returns the rules of which it would cost too much. */
  along(line: Line): PlacedRule[];
}

function createSearch(planes: readonly Plane[], absence: Absence, { nodes, pairs }: IdleBounds): Search {
  const idle = new Map<StandingRule, Idle>();
  const selections = createSelections();
  const rules = createFreeRules(planes, absence, selections, nodes);
  let left = pairs;
  const spend = (count: number): void => {
    left -= count;
    if (left < 0) throw new BoundMet(`more than ${pairs} pairs of rules`);
  };
  return {
    idle,
    along(line) {
      const nearOf = createNeighbourhood(line, selections, spend);
      const unanswered: PlacedRule[] = [];
      for (const one of line.rules.toReversed()) {
        if (!isWhole(one)) continue;
        try {
          const near = nearOf(one);
          spend(near.length);
          const found = idleRule(one, near, rules, (other) => idle.has(other));
          if (found !== undefined) idle.set(one, found);
        } catch (thrown) {
          if (!(thrown instanceof BoundMet)) throw thrown;
          unanswered.push(one);
        }
      }
      return unanswered;
    },
  };
}
