/**
 * Finds the rule that makes a tree large, so that somebody who may shorten it is told which one it is.
 * @module
 */
import { nameOfFact } from '../../meaning/fact-values.ts';
import type { Expr, Policy, PolicyRef } from '../../model.ts';

/** A rule, and what of it is the longest. */
export interface LargestRule {
  readonly policy: PolicyRef;
  readonly rule: number;
  /** E.g. `path`, `header x-tenant`. */
  readonly field: string;
}

/** The rule that has the most to write, by the text of its values; undefined where no rule has any. */
export function largestRule(policies: readonly Policy[]): LargestRule | undefined {
  let found: LargestRule | undefined;
  let most = 0;
  for (const { ref, rules } of policies)
    for (const { index, http } of rules) {
      const lengths = new Map<string, number>();
      if (http !== undefined) measure(http, lengths);
      const sum = [...lengths.values()].reduce((a, b) => a + b, 0);
      if (sum <= most) continue;
      most = sum;
      const [[field] = ['']] = [...lengths].sort(([, a], [, b]) => b - a);
      found = { policy: ref, rule: index, field };
    }
  return found;
}

function measure(expr: Expr, lengths: Map<string, number>): void {
  if (expr.op === 'all' || expr.op === 'any') for (const part of expr.of) measure(part, lengths);
  else if (expr.op === 'not') measure(expr.of, lengths);
  else {
    const name = expr.op === 'text' ? nameOfFact(expr.fact) : expr.op;
    lengths.set(name, (lengths.get(name) ?? 0) + JSON.stringify(expr).length);
  }
}
