/**
 * A rule and all that it stands in, and the codes of what is found about rules.
 * @module
 */
import type { Finding } from '../../../policy/documents/finding.ts';
import { type OtherRule, otherRule } from '../../../policy/documents/other-rule.ts';
import type { PlaneId, Policy, Rule, RuleStage } from '../../../policy/model.ts';

export type LintCode = Finding['code'];

/** One rule with everything that it stands in. */
export interface PlacedRule {
  readonly plane: PlaneId;
  readonly stage: RuleStage;
  readonly policy: Policy;
  readonly rule: Rule;
}

/** A rule as other findings name it. */
export const otherOf = ({ policy, rule }: PlacedRule): OtherRule => otherRule(policy.ref, rule.position, rule.index);

/** A rule of a document stands in several planes: where it was written. */
export const placeInDocument = ({ policy, rule: { position, index } }: PlacedRule): string =>
  JSON.stringify([policy.ref, index, position.file, position.line, position.column]);
