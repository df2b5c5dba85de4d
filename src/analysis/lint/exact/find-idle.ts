/**
 * Goes through the rules of all planes and finds those that decide nothing.
 * @module
 */
import type { Absence, Plane } from '../../../policy/model.ts';
import { BoundMet } from '../../regions/bound.ts';
import { type PlacedRule, placeInDocument } from '../scene/placed-rule.ts';
import { type Idle, idleRule } from './decided-before.ts';
import { createSpend, type SearchBounds, usualBounds } from './search-bounds.ts';
import { createShares } from './shares.ts';
import { createStanding, isWhole, type Line, type Standing, type StandingRule } from './standing-rules.ts';

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

/** Each rule of a document once; of one that stands in several planes only if it is idle in all of them. */
export function findIdle(
  planes: readonly Plane[],
  absence: Absence,
  bounds = usualBounds,
  standing = createStanding(planes),
): FoundIdle {
  const { rules: all, idle: found, unanswered } = searchIdle(planes, absence, { bounds, standing });
  const idle = [...Map.groupBy(all, placeInDocument).values()].flatMap((same): IdleRule[] => {
    const each = same.flatMap((one) => {
      const made = found.get(one);
      return made === undefined ? [] : [{ one, idle: made }];
    });
    // What a rule refuses besides, such as a path that is none, hardly ever comes: that tells nothing of the rule.
    const [told] = each.toSorted((a, b) => loudness(b.idle) - loudness(a.idle));
    return told === undefined || each.length < same.length ? [] : [told];
  });
  return { idle, unanswered, of: all.length };
}

/** Every enforced rule where it stands, and what was found of it. */
export interface SearchedRules {
  readonly rules: readonly StandingRule[];
  readonly idle: ReadonlyMap<StandingRule, Idle>;
  readonly unanswered: readonly PlacedRule[];
}

/** How it is searched. */
export interface IdleSearch {
  readonly bounds?: SearchBounds;
  readonly standing?: Standing;
  /** Rules that decide something for sure: they are not asked about, and of two that say the same they are the one that stays. */
  readonly decides?: (rule: StandingRule) => boolean;
}

/** The same, plane by plane: a rule that stands in several is there once for each. */
export function searchIdle(
  planes: readonly Plane[],
  absence: Absence,
  { bounds = usualBounds, decides = () => false, standing = createStanding(planes) }: IdleSearch,
): SearchedRules {
  const rules = standing.lines.flatMap((line) => line.rules);
  if (rules.length === 0) return { rules, idle: new Map(), unanswered: [] };
  const search = createSearch(planes, absence, { ...bounds, rules: rules.length, decides, standing });
  const unanswered = standing.lines.flatMap(search.along);
  return { rules, idle: search.idle, unanswered };
}

const loudness = ({ why, differs }: Idle): number => (differs ? 2 : why === 'never' ? 0 : 1);

interface Search {
  readonly idle: ReadonlyMap<StandingRule, Idle>;
  /** Looks along a line from its end; returns the rules of which it would cost too much. */
  along(line: Line): PlacedRule[];
}

function createSearch(
  planes: readonly Plane[],
  absence: Absence,
  {
    nodes,
    pairs,
    rules: count,
    decides,
    standing: { selections, nearIn },
  }: SearchBounds & Required<Pick<IdleSearch, 'decides' | 'standing'>> & { readonly rules: number },
): Search {
  const idle = new Map<StandingRule, Idle>();
  const shares = createShares({ planes, absence, selections }, { nodes, questions: count });
  const spend = createSpend(pairs);
  return {
    idle,
    along(line) {
      const nearOf = nearIn(line);
      const unanswered: PlacedRule[] = [];
      for (const one of line.rules.toReversed()) {
        if (!isWhole(one) || decides(one)) continue;
        try {
          const near = nearOf(one, spend);
          spend(near.length);
          const found = shares.within((rules) => idleRule(one, near, rules, (other) => idle.has(other)));
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
