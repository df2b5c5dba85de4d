/**
 * One stage of rules: which of its policies apply, which rules hold, and what the stage decides.
 * @module
 */
import type { Decision } from '../decision.ts';
import { unknown, unknownHolds, yes } from '../meaning/absence.ts';
import { envoyId } from '../meaning/envoy-id.ts';
import { applies } from '../meaning/subject.ts';
import type { Policy, Rule, RuleStage } from '../model.ts';
import { clauses, truthOf } from './condition-trace.ts';
import { made, type Scene } from './scene.ts';
import type { PolicyTrace, RuleTrace, StageTrace } from './trace.ts';

/** Evaluates the rules of a stage; the first that holds in the stage's order decides. */
export function evaluateRules(stage: RuleStage, scene: Scene): StageTrace {
  const policies = stage.policies
    .filter(({ providerAskedBy }) => providerAskedBy !== 'envoy')
    .map((policy) => tracePolicy(stage, policy, scene));
  const counting = policies.filter(({ applies: is, mode }) => is === 'yes' && (mode === 'enforce' || scene.rehearsing));
  const holding = counting.flatMap((policy) =>
    policy.rules.filter(({ holds }) => holds).map((rule) => ({ policy, rule })),
  );
  const direction = stage.kind === 'first-match' ? { direction: stage.direction ?? 'ingress' } : {};
  const trace = { kind: stage.kind, name: stage.name, ...direction, policies };
  if (stage.kind === 'audit')
    return {
      ...trace,
      decision: undefined,
      said: holding.length === 0 ? 'no rule holds' : `${holding.length} of its rules hold; they decide nothing`,
    };
  if (stage.kind !== 'first-match') {
    holding.sort((a, b) => (envoyId(a.policy.policy, a.rule.index) < envoyId(b.policy.policy, b.rule.index) ? -1 : 1));
  }
  for (const { policy, rule } of holding) {
    const { effect } = rule;
    if (stage.kind === 'first-match' && effect === 'log') continue;
    const named = `rule ${rule.index} of ${policy.policy.namespace}/${policy.policy.name} holds`;
    if (stage.kind === 'first-match' && effect === 'pass')
      return { ...trace, decision: undefined, said: `${named} and passes on` };
    const reason =
      stage.kind === 'delegate' ? 'custom_unavailable' : effect === 'allow' ? 'rule_allowed' : 'rule_denied';
    const decision: Decision = {
      ...made(reason === 'rule_allowed' ? 'allow' : 'deny', reason, policy.policy, rule.index),
      stage: stage.name,
      owner: policy.owner || undefined,
    };
    return { ...trace, decision, said: named };
  }
  return whenNoneHolds(stage, counting.length, trace);
}

function whenNoneHolds(stage: RuleStage, counting: number, trace: Omit<StageTrace, 'decision' | 'said'>): StageTrace {
  if (counting === 0) return { ...trace, decision: undefined, said: 'no policy applies' };
  const onNoMatch =
    stage.kind === 'any-allow' ? 'deny' : stage.kind === 'first-match' ? (stage.onNoMatch ?? 'pass') : 'pass';
  const decision =
    onNoMatch === 'deny'
      ? { ...made('deny', 'no_rule_allowed'), stage: stage.name }
      : onNoMatch === 'allow'
        ? { ...made('allow', 'rule_allowed'), stage: stage.name }
        : undefined;
  return { ...trace, decision, said: `${counted(counting, 'policy', 'policies')} and no rule holds` };
}

const counted = (count: number, one: string, many: string): string =>
  count === 1 ? `one ${one} applies` : `${count} ${many} apply`;

function tracePolicy(stage: RuleStage, policy: Policy, scene: Scene): PolicyTrace {
  const is = applies(policy.subject, scene.destination, scene.registry);
  const { ref, position, mode, owner } = policy;
  const rules = is === 'yes' ? policy.rules.flatMap((rule) => traceRule(stage, rule, scene)) : [];
  return { policy: ref, position, mode, owner, applies: is, rules };
}

function traceRule(stage: RuleStage, rule: Rule, scene: Scene): RuleTrace[] {
  const expr = scene.facts.protocol === 'http' ? rule.http : rule.tcp;
  if (expr === undefined) return [];
  const truth = truthOf(expr, scene);
  const holds = truth === yes || (truth === unknown && unknownHolds(stage.kind, rule.effect));
  return [
    {
      index: rule.index,
      position: rule.position,
      effect: rule.effect,
      holds,
      truth,
      failed: holds ? [] : clauses(expr, false, false, scene),
      met: holds ? clauses(expr, false, true, scene) : [],
    },
  ];
}
