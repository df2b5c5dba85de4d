/**
 * Two that had to let a request pass, and did: one speaks for both, and the rules of both are known to have done it.
 * @module
 */
import type { Decision } from '../decision.ts';
import { type DecidingRule, decidedBy, decidingRules, together } from '../rules/deciding-rule.ts';

/** The decision of one with the rules of the other behind it, too: the same object for the same rules, so that answers can be prepared. */
export type BothAllow = (spoken: Decision, other: Decision) => Decision;

const MOST_MADE = 8192;

/** Creates it for one plane. */
export function createBothAllow(): BothAllow {
  let made = new WeakMap<Decision, Map<DecidingRule | readonly DecidingRule[], Decision>>();
  let count = 0;
  return (spoken, other) => {
    const more = decidingRules(other);
    if (more.length === 0) return spoken;
    // A rule is one object for all workloads, a decision is not.
    const key = more.length === 1 ? more[0]! : more;
    const known = made.get(spoken)?.get(key);
    if (known !== undefined) return known;
    if (++count > MOST_MADE) {
      made = new WeakMap();
      count = 1;
    }
    const joined = decidedBy({ ...spoken }, together(decidingRules(spoken), more));
    made.set(spoken, (made.get(spoken) ?? new Map()).set(key, joined));
    return joined;
  };
}
