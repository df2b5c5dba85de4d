/**
 * RequestAuthentication: the token rules of one workload, in the order in which jwt_authn has them.
 * @module
 */
import type { Destination } from '../facts.ts';
import type { PolicyRef, Subject, TokenRule, TokenStage } from '../model.ts';
import { applies, type SubjectContext } from './subject.ts';

/** The token rules that concern one workload. */
export interface SelectedTokens {
  /** All rules of all policies that apply, by issuer. */
  readonly rules: readonly TokenRule[];
  /** The policy of each rule. */
  readonly policies: readonly PolicyRef[];
  /** The first policy, those of the root namespace first, that may apply or not: the workload's labels are unknown. */
  readonly undecided: PolicyRef | undefined;
}

/** Selects the token rules that concern one workload. */
export function selectTokens(stage: TokenStage, destination: Destination, context: SubjectContext): SelectedTokens {
  const policies = stage.policies.toSorted((a, b) => rootFirst(a.subject) - rootFirst(b.subject));
  const answers = Map.groupBy(policies, ({ subject }) => applies(subject, destination, context));
  const near = answers.get('yes') ?? [];
  const rules = near.flatMap((policy) => policy.rules.map((rule) => ({ rule, ref: policy.ref })));
  rules.sort((a, b) => (a.rule.issuer < b.rule.issuer ? -1 : a.rule.issuer > b.rule.issuer ? 1 : 0));
  return {
    rules: rules.map(({ rule }) => rule),
    policies: rules.map(({ ref }) => ref),
    undecided: answers.get('unknown')?.[0]?.ref,
  };
}

const rootFirst = (subject: Subject): number => (subject.namespace === undefined ? 0 : 1);
