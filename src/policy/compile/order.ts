/**
 * The order in which rules of one stage are tried, which decides only whose name a verdict bears (and, by tiers, the verdict).
 * @module
 */
import type { Policy, PolicyRef, Rule, RuleStage } from '../model.ts';

/** A rule with its policy and its place in the stage. */
export interface OrderedRule {
  readonly ordinal: number;
  readonly policy: Policy;
  readonly rule: Rule;
}

/**
 * Every rule of a stage by its place: documents' order for `first-match`; else the order of Envoy's own policy ids
 * (`ns[N]-policy[P]-rule[I]` compared as text, so that rule 10 stands before rule 2), because Envoy names the first that holds.
 */
export function orderRules(stage: RuleStage): OrderedRule[] {
  const rules = stage.policies.flatMap((policy) =>
    policy.rules.map((rule) => ({ policy, rule, id: envoyId(policy.ref, rule.index) })),
  );
  if (stage.kind !== 'first-match') rules.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return rules.map(({ policy, rule }, ordinal) => ({ ordinal, policy, rule }));
}

/** The id that Istio gives a rule in Envoy's configuration. */
export function envoyId({ namespace, name }: PolicyRef, rule: number): string {
  return `ns[${namespace}]-policy[${name}]-rule[${rule}]`;
}
