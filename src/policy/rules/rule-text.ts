/**
 * What a rule says, as one short text: equal texts of one policy are one rule, wherever they stand in it and in whichever file.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Policy, PolicyRef, Rule } from '../model.ts';
import type { DecidingRule } from './deciding-rule.ts';

/** Names a rule for as long as its text stays. Plain data. */
export interface RuleName extends PolicyRef {
  readonly plane: DecidingRule['plane'];
  readonly direction: DecidingRule['direction'];
  /** Of effect and conditions; of several rules of one text the second has `#2` behind it, and so on. */
  readonly text: string;
}

const textsOf = new WeakMap<Policy, ReadonlyMap<Rule, string>>();

/** The texts of a policy's rules. */
function ruleTexts(policy: Policy): ReadonlyMap<Rule, string> {
  let texts = textsOf.get(policy);
  if (texts === undefined) {
    const seen = new Map<string, number>();
    texts = new Map(
      policy.rules.map((rule) => {
        const text = hashOf(rule);
        const times = (seen.get(text) ?? 0) + 1;
        seen.set(text, times);
        return [rule, times === 1 ? text : `${text}#${times}`] as const;
      }),
    );
    textsOf.set(policy, texts);
  }
  return texts;
}

/** Of 96 bits: who can write rules that collide gains nothing but wrong counts of his own. */
function hashOf({ effect, http, tcp }: Rule): string {
  return createHash('sha256')
    .update(JSON.stringify([effect, http, tcp]))
    .digest('hex')
    .slice(0, 24);
}

/** Names a rule. */
export function ruleName({ plane, direction, policy, rule }: DecidingRule): RuleName {
  const { dialect, kind, namespace, name } = policy.ref;
  return { plane, direction, dialect, kind, namespace, name, text: ruleTexts(policy).get(rule) ?? hashOf(rule) };
}

/** The same as one text. */
export const ruleKey = ({ plane, direction, dialect, kind, namespace, name, text }: RuleName): string =>
  JSON.stringify([plane, direction, dialect, kind, namespace, name, text]);
