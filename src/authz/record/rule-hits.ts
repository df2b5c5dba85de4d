/**
 * Which rules decide, counted at almost no cost to the Check: two numbers a rule.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import { type DecidingRule, decidingRules } from '../../policy/rules/deciding-rule.ts';
import { type RuleName, ruleName } from '../../policy/rules/rule-text.ts';

/** Decisions that a rule decided. Plain data. */
export interface RuleHit extends RuleName {
  /** Its place in the document when it decided. */
  readonly index: number;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

interface Tally {
  readonly of: DecidingRule;
  count: number;
  lastAt: number;
}

/** Counts the decisions of one decider. Rules that are gone are forgotten with the policies that held them. */
export class RuleHits {
  readonly #byDecision = new WeakMap<Decision, readonly Tally[]>();
  readonly #byRule = new WeakMap<DecidingRule, Tally>();
  /** Those that were counted since the last `take`. */
  #counted: Tally[] = [];

  /** Counts one decision. */
  count(made: Decision, nowMs: number): void {
    let tallies = this.#byDecision.get(made);
    if (tallies === undefined) {
      tallies = decidingRules(made).map((rule) => this.#tallyOf(rule));
      this.#byDecision.set(made, tallies);
    }
    for (let i = 0; i < tallies.length; i++) {
      const tally = tallies[i]!;
      if (tally.count++ === 0) this.#counted.push(tally);
      tally.lastAt = nowMs;
    }
  }

  #tallyOf(rule: DecidingRule): Tally {
    let tally = this.#byRule.get(rule);
    if (tally === undefined) {
      tally = { of: rule, count: 0, lastAt: 0 };
      this.#byRule.set(rule, tally);
    }
    return tally;
  }

  /** What was counted since the last call; counting begins anew. */
  take(): readonly RuleHit[] {
    const hits = this.#counted.map(({ of, count, lastAt }) => ({
      ...ruleName(of),
      index: of.rule.index,
      count,
      lastAt,
    }));
    for (const tally of this.#counted) tally.count = 0;
    this.#counted = [];
    return hits;
  }
}
