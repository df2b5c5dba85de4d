/**
 * Which rules a decision came by: of every plane and direction that had to let a request pass, the rule that did.
 *
 * A decision names one policy, for people. Where several planes decide, the others' rules let the request pass too, and nobody would know
 * that they are used.
 * @module
 */
import type { Decision } from '../decision.ts';
import type { PlaneId, Policy, Rule, RuleStage } from '../model.ts';

/** A rule where it stands; one object a compiled rule. */
export interface DecidingRule {
  readonly plane: PlaneId;
  readonly direction: NonNullable<RuleStage['direction']>;
  readonly policy: Policy;
  readonly rule: Rule;
}

const none: readonly DecidingRule[] = [];
const known = new WeakMap<Decision, readonly DecidingRule[]>();

/**
 * Tells the rules that a compiled decision came by: those that allowed it, or the one that denied it; with them the dry-run and audit
 * rules and those of observed planes that would have. Empty where no rule decided.
 */
export const decidingRules = (made: Decision): readonly DecidingRule[] => known.get(made) ?? none;

/** Notes them beside the decision; returns it. */
export function decidedBy(made: Decision, rules: readonly DecidingRule[]): Decision {
  if (rules.length > 0) known.set(made, rules);
  return made;
}

/** Lists without repeats. */
export const together = (...lists: readonly (readonly DecidingRule[])[]): readonly DecidingRule[] => [
  ...new Set(lists.flat()),
];
