/**
 * What a decider elsewhere had counted of rules before it was started again: its sums begin at zero then, ours go on.
 * @module
 */
import { MOST_RULES, type ReportedCounts, type ReportedRule } from './report-rows.ts';

/** Of one decider; bounded as its rows are. */
export interface PastRules {
  /** Other rows stand in the place of these, of a decider that counts since `sinceAt`. */
  replaced(rows: ReportedCounts | undefined, sinceAt: number): void;
  /** The counts with those of before. */
  with(counts: ReportedCounts): ReportedCounts;
}

/** Creates it empty. */
export function createPastRules(): PastRules {
  const past = new Map<string, ReportedRule>();
  let overflow = 0;
  return {
    replaced(rows, sinceAt) {
      if (rows === undefined || rows.sinceAt === sinceAt) return; // the same start, told anew
      overflow += rows.rulesOverflow;
      for (const rule of rows.rules) {
        const key = keyOf(rule);
        const known = past.get(key);
        if (known !== undefined || past.size < MOST_RULES) past.set(key, sumOf(rule, known));
        else overflow += rule.count;
      }
    },
    with(counts) {
      if (past.size === 0 && overflow === 0) return counts;
      const rules = new Map(past);
      for (const rule of counts.rules) rules.set(keyOf(rule), sumOf(rule, past.get(keyOf(rule))));
      return { ...counts, rules: [...rules.values()], rulesOverflow: counts.rulesOverflow + overflow };
    },
  };
}

function sumOf(rule: ReportedRule, before: ReportedRule | undefined): ReportedRule {
  if (before === undefined) return rule;
  return { ...rule, count: before.count + rule.count, lastAt: Math.max(before.lastAt, rule.lastAt) };
}

const keyOf = ({ plane, direction, dialect, kind, namespace, name, text }: ReportedRule): string =>
  JSON.stringify([plane, direction, dialect, kind, namespace, name, text]);
