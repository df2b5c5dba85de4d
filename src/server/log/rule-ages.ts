/**
 * Since when each rule is in force, by its text: a rule whose policy was edited elsewhere keeps its age, an edited rule begins anew.
 * @module
 */
import type { Work } from '../../lib/work.ts';
import type { PolicyModel, Rule } from '../../policy/model.ts';
import { type RuleName, ruleKey, ruleName } from '../../policy/rules/rule-text.ts';
import { changedPolicies, type PlacedPolicy } from '../../policy/rules/rules-in-force.ts';

/** The ages. */
export interface RuleAges {
  /** Takes in what is in force from `nowMs` on; what is long gone is told to `forgotten`. To be done in slices, one after another. */
  follow(model: PolicyModel, nowMs: number): Work<void>;
  /** Milliseconds since 1970. */
  sinceAt(rule: Rule): number | undefined;
}

/** A file that is being written is empty for a moment, and its rules are there again the next. */
const GONE_MS = 10 * 60_000;
const MOST_GONE = 16_384;

/** Creates them for no policies. @param forgotten  told the keys of rules that do not come back */
export function createRuleAges(forgotten: (key: string) => void): RuleAges {
  const since = new WeakMap<Rule, number>();
  const gone = new Map<string, { readonly sinceAt: number; readonly goneAt: number }>();
  let held: PolicyModel | undefined;

  return {
    *follow(model, nowMs) {
      const { gone: left, came } = changedPolicies(held, model);
      held = model;
      for (const placed of left) {
        yield;
        for (const [rule, key] of keysOf(placed)) {
          gone.delete(key);
          gone.set(key, { sinceAt: since.get(rule) ?? nowMs, goneAt: nowMs });
        }
      }
      for (const placed of came) {
        yield;
        if (gone.size === 0) for (const rule of placed.policy.rules) since.set(rule, nowMs);
        else
          for (const [rule, key] of keysOf(placed)) {
            since.set(rule, gone.get(key)?.sinceAt ?? nowMs);
            gone.delete(key);
          }
      }
      for (const [key, { goneAt }] of gone) {
        if (nowMs - goneAt <= GONE_MS && gone.size <= MOST_GONE) break;
        gone.delete(key);
        forgotten(key);
      }
    },
    sinceAt: (rule) => since.get(rule),
  };
}

function* keysOf(placed: PlacedPolicy): Iterable<readonly [rule: Rule, key: string]> {
  for (const rule of placed.policy.rules) yield [rule, ruleKey(placedName(placed, rule))];
}

/** Names a rule in force. */
export function placedName({ plane, stage, policy }: PlacedPolicy, rule: Rule): RuleName {
  return ruleName({ plane: plane.id, direction: stage.direction ?? 'ingress', policy, rule });
}
