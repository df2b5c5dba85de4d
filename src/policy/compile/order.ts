/**
 * The order in which rules of one stage are tried, which decides only whose name a verdict bears (and, by tiers, the verdict).
 * @module
 */
import { sortWork, type Work } from '../../lib/work.ts';
import { envoyId } from '../meaning/envoy-id.ts';
import type { Policy, Rule, RuleStage } from '../model.ts';

/** A rule with its policy and its place in the stage. */
export interface OrderedRule {
  readonly ordinal: number;
  readonly policy: Policy;
  readonly rule: Rule;
}

const POLICIES_AT_ONCE = 128;

/**
 * Every rule of a stage by its place: documents' order for `first-match`; else the order of Envoy's own policy ids
 * (`ns[N]-policy[P]-rule[I]` compared as text, so that rule 10 stands before rule 2), because Envoy names the first that holds.
 */
export function* orderWork(stage: RuleStage): Work<OrderedRule[]> {
  const rules: { readonly policy: Policy; readonly rule: Rule; readonly id: string }[] = [];
  for (const [i, policy] of stage.policies.entries()) {
    if (i % POLICIES_AT_ONCE === 0) yield;
    for (const rule of policy.rules) rules.push({ policy, rule, id: envoyId(policy.ref, rule.index) });
  }
  const ordered = stage.kind === 'first-match' ? rules : yield* sortWork(rules, byId);
  return ordered.map(({ policy, rule }, ordinal) => ({ ordinal, policy, rule }));
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
