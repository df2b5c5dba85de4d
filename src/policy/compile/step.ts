/**
 * The steps of a program: one stage each, as it concerns one workload.
 * @module
 */
import type { Decision } from '../decision.ts';
import { decision } from '../decision.ts';
import type { Facts } from '../facts.ts';
import type { SelectedTokens } from '../meaning/token-stage.ts';
import type { SelectedTransport, TransportDemand } from '../meaning/transport-stage.ts';
import type { PlaneId, RuleStage } from '../model.ts';
import { type DecidingRule, decidedBy } from '../rules/deciding-rule.ts';
import { noOrdinal } from './index/rule-index.ts';
import type { OrderedRule } from './order.ts';
import type { SelectedRules } from './rule-stage.ts';

/** Decides, or leaves it to the next step. */
export interface Step {
  decide(facts: Facts): Decision | undefined;
  /** The same with every dry-run policy enforced; undefined if the stage has none. */
  readonly rehearse: ((facts: Facts) => Decision | undefined) | undefined;
}

/** Denies callers without a verified name where mTLS is demanded; undefined if it never is. */
export function transportStep(plane: PlaneId, { everyPort, ports }: SelectedTransport): Step | undefined {
  const demands = [everyPort, ...ports.values()];
  if (!demands.some(({ mode }) => mode === 'strict')) return undefined;
  const refusals = new Map<TransportDemand, Decision>();
  for (const demand of demands) {
    if (demand.mode === 'strict') refusals.set(demand, decision(plane, 'deny', 'mtls_required', demand.policy));
  }
  return {
    decide(facts) {
      const refusal = refusals.get(ports.get(facts.destinationPort) ?? everyPort);
      return refusal === undefined || facts.peerNames.some((name) => name !== '') ? undefined : refusal;
    },
    rehearse: undefined,
  };
}

/** Denies a token that is not accepted; undefined if no rule concerns the workload. */
export function tokenStep(plane: PlaneId, { rules, policies }: SelectedTokens): Step | undefined {
  if (rules.length === 0) return undefined;
  const [first, ...others] = new Set(policies);
  const only = others.length === 0 ? first : undefined; // several policies: their rules refuse together
  const refusals = {
    token_invalid: decision(plane, 'deny', 'token_invalid', only),
    audience_denied: decision(plane, 'deny', 'audience_denied', only),
  };
  return {
    decide(facts) {
      if (facts.protocol !== 'http') return undefined;
      const verdict = facts.verifyTokens(rules);
      return verdict.accepted ? undefined : refusals[verdict.reason];
    },
    rehearse: undefined,
  };
}

/** A stage of rules; undefined if no policy of it concerns the workload. */
export function rulesStep(plane: PlaneId, selected: SelectedRules): Step | undefined {
  const { enforced, dryRun, compiled } = selected;
  if (enforced.policies.length + dryRun.policies.length === 0) return undefined;
  const outcomes = createOutcomes(plane, selected);
  const unmatched = whenNoneHolds(plane, compiled.stage);
  const step =
    (any: boolean, first: (facts: Facts) => number): Step['decide'] =>
    (facts) => {
      const ordinal = first(facts);
      if (ordinal !== noOrdinal) return outcomes(ordinal);
      return any ? unmatched : undefined;
    };
  return {
    decide: step(enforced.policies.length > 0, enforced.first),
    rehearse:
      dryRun.policies.length === 0
        ? undefined
        : step(true, (facts) => Math.min(enforced.first(facts), dryRun.first(facts))),
  };
}

/** What a stage says if policies select the workload and no rule holds. */
function whenNoneHolds(plane: PlaneId, stage: RuleStage): Decision | undefined {
  const where = { stage: stage.name };
  const denied = decision(plane, 'deny', 'no_rule_allowed', undefined, undefined, where);
  if (stage.kind === 'any-allow') return denied;
  if (stage.kind !== 'first-match' || stage.onNoMatch === undefined || stage.onNoMatch === 'pass') return undefined;
  return stage.onNoMatch === 'allow' ? decision(plane, 'allow', 'rule_allowed', undefined, undefined, where) : denied;
}

/** The decision of each ordinal, made when first needed; undefined leaves it to the next step (`pass`). */
function createOutcomes(plane: PlaneId, { compiled }: SelectedRules): (ordinal: number) => Decision | undefined {
  const made = new Map<number, Decision>();
  const { kind } = compiled.stage;
  return (ordinal) => {
    const known = made.get(ordinal);
    if (known !== undefined) return known;
    const ordered = compiled.ruleAt(ordinal);
    const { policy, rule } = ordered;
    if (kind === 'first-match' && rule.effect === 'pass') return undefined;
    const reason =
      kind === 'delegate' ? 'custom_unavailable' : rule.effect === 'allow' ? 'rule_allowed' : 'rule_denied';
    const effect = reason === 'rule_allowed' ? 'allow' : 'deny';
    const where = { stage: compiled.stage.name, owner: policy.owner || undefined };
    const outcome = decidedBy(decision(plane, effect, reason, policy.ref, rule.index, where), [
      decidingRule(plane, compiled.stage, ordered),
    ]);
    made.set(ordinal, outcome);
    return outcome;
  };
}

const decidingRulesOf = new WeakMap<OrderedRule, DecidingRule>();

/** The rule for whoever counts: one object for all workloads. */
export function decidingRule(plane: PlaneId, stage: RuleStage, ordered: OrderedRule): DecidingRule {
  let known = decidingRulesOf.get(ordered);
  if (known === undefined) {
    known = { plane, direction: stage.direction ?? 'ingress', policy: ordered.policy, rule: ordered.rule };
    decidingRulesOf.set(ordered, known);
  }
  return known;
}
