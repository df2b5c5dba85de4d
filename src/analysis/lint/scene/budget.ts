/**
 * How many requests lint asks, shared out so that every rule is asked about, and what was left unasked.
 * @module
 */
import type { LintCode, PlacedRule } from './placed-rule.ts';

/** Requests that one check asks at most for a few rules: a second or two. */
const BUDGET = 20_000;
/** What each rule more adds to it. */
const OF_A_RULE = 12;
/** What a rule may ask though the others have used all. */
const LEAST = 8;
/** A rule takes up to so many times its share, since most need far less. */
const GENEROSITY = 8;

/** What one check asks. */
export interface Budget {
  /** Asks about one rule after the other, in a share of the budget each. */
  eachRule<T>(code: LintCode, rules: readonly PlacedRule[], ask: (placed: PlacedRule) => readonly T[]): T[];
  /** Counts one request; false if the rule has had its share. */
  take(): boolean;
  /** The rule has had its share: looking for more to ask is in vain. */
  isSpent(): boolean;
  /** Of the rule it cannot be said. */
  giveUp(): void;
  /** Rules about which not all was asked, by the finding that may be missing. */
  readonly unasked: ReadonlyMap<LintCode, { readonly rules: readonly PlacedRule[]; readonly of: number }>;
}

/** Starts counting. `progress` hears what is asked about. */
export function createBudget(progress: (code: LintCode, done: number, of: number) => void): Budget {
  const unasked = new Map<LintCode, { readonly rules: readonly PlacedRule[]; readonly of: number }>();
  let share = BUDGET;
  let isShort = false;
  const isSpent = (): boolean => {
    if (share <= 0) isShort = true;
    return share <= 0;
  };
  return {
    unasked,
    eachRule(code, rules, ask) {
      let left = Math.max(BUDGET, OF_A_RULE * rules.length);
      const short: PlacedRule[] = [];
      const out = rules.flatMap((placed, i) => {
        progress(code, i, rules.length);
        const given = Math.max(LEAST, Math.ceil(Math.min(left, (GENEROSITY * left) / (rules.length - i))));
        share = given;
        isShort = false;
        const found = ask(placed);
        left = Math.max(0, left - given + share);
        if (isShort) short.push(placed);
        return found;
      });
      share = BUDGET;
      if (short.length > 0) unasked.set(code, { rules: short, of: rules.length });
      return out;
    },
    take() {
      if (isSpent()) return false;
      share--;
      return true;
    },
    isSpent,
    giveUp() {
      isShort = true;
    },
  };
}
