/**
 * How rules stand that have decided nothing: whether any request could ever have come to them.
 * @module
 */
import type { OtherRule } from '../../../policy/documents/other-rule.ts';
import type { Plane, PolicyModel } from '../../../policy/model.ts';
import { ruleKey, ruleName } from '../../../policy/rules/rule-text.ts';
import { otherOf, type PlacedRule } from '../scene/placed-rule.ts';
import type { Idle } from './decided-before.ts';
import { searchIdle } from './find-idle.ts';
import type { SearchBounds } from './search-bounds.ts';
import { isWhole } from './standing-rules.ts';

/**
 * `unmet`: no request of any caller has what it asks. `shadowed`: others decide all its requests before, otherwise than it says.
 * `redundant`: others do with all its requests as it says. `reachable`: none of these. `unknown`: it would cost too much to say.
 */
export type RuleStanding = 'reachable' | 'shadowed' | 'redundant' | 'unmet' | 'unknown';

/** How one rule stands, and the rules that decide in its place: none where no single rule does. */
export interface StandingRule {
  readonly standing: RuleStanding;
  readonly by: readonly OtherRule[];
}

/**
 * Tells how rules stand, by their keys; dry-run and audit rules, and those that ask nothing of a request, are not there.
 *
 * @param isHit  whether a rule has decided something: of two that say the same, the other one is the redundant one
 */
export function ruleStandings(
  { planes, absence }: Pick<PolicyModel, 'absence'> & { readonly planes: readonly Plane[] },
  isHit: (key: string) => boolean,
  bounds?: SearchBounds,
): ReadonlyMap<string, StandingRule> {
  const keys = new Map<PlacedRule, string>();
  const keyOf = (one: PlacedRule): string => {
    const key = keys.get(one) ?? keyOfRule(one);
    keys.set(one, key);
    return key;
  };
  const inForce = planes.filter(({ mode }) => mode !== 'off');
  const found = searchIdle(inForce, absence, {
    ...(bounds && { bounds }),
    decides: (one) => isHit(keyOf(one)),
  });
  const unanswered = new Set(found.unanswered);
  return new Map(
    found.rules.map((one) => {
      const idle = found.idle.get(one);
      const isKnown = isWhole(one) && !unanswered.has(one);
      if (idle === undefined) return [keyOf(one), isKnown ? reachable : unknown] as const;
      return [keyOf(one), { standing: standingBy(idle), by: idle.by.map(otherOf) }] as const;
    }),
  );
}

const reachable: StandingRule = { standing: 'reachable', by: [] };
const unknown: StandingRule = { standing: 'unknown', by: [] };

function keyOfRule({ plane, stage, policy, rule }: PlacedRule): string {
  return ruleKey(ruleName({ plane, direction: stage.direction ?? 'ingress', policy, rule }));
}

function standingBy({ why, differs }: Idle): RuleStanding {
  if (why === 'never') return 'unmet';
  return differs ? 'shadowed' : 'redundant';
}
