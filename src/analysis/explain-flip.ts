/**
 * The smallest change that would turn a verdict round: of the request, and of the policy. Every change that is named was tried.
 * @module
 */
import type { Decision } from '../policy/decision.ts';
import { type EvaluateOptions, evaluate } from '../policy/evaluate.ts';
import type { Facts } from '../policy/facts.ts';
import type { Plane, PolicyModel, PolicyRef, RuleStage, Stage } from '../policy/model.ts';
import type { ClauseTrace, PlaneTrace, PolicyTrace, RuleTrace, StageTrace } from '../policy/trace.ts';
import { type Change, changeFacts } from './changed-facts.ts';
import { valuesFor } from './witness.ts';

export interface Flip {
  /** Undefined if no small change of the request does it. */
  readonly request: RequestFlip | undefined;
  readonly policy: PolicyFlip | undefined;
}

export interface RequestFlip {
  readonly changes: readonly Change[];
  readonly becomes: Decision;
}

export interface PolicyFlip {
  readonly change: 'remove-rule' | 'widen-rule';
  readonly policy: PolicyRef;
  readonly rule: number;
  /** The clause to widen. */
  readonly clause: ClauseTrace | undefined;
  readonly becomes: Decision;
}

export interface Subject {
  readonly model: PolicyModel;
  readonly facts: Facts;
  readonly options: EvaluateOptions;
  readonly decision: Decision;
  readonly planes: readonly PlaneTrace[];
}

/** Trying is cheap, but not free: a set of 10,000 rules has many near misses. */
const MOST_TRIED = 64;

/** Finds both changes. */
export function findFlip(subject: Subject): Flip {
  return { request: flipByRequest(subject), policy: flipByPolicy(subject) };
}

interface RuleSeen {
  readonly stage: StageTrace;
  readonly policy: PolicyTrace;
  readonly rule: RuleTrace;
}

/** Every rule that was looked at, those with the fewest clauses to change first. */
function rulesSeen(planes: readonly PlaneTrace[]): RuleSeen[] {
  const seen = planes
    .filter(({ mode }) => mode === 'enforce')
    .flatMap(({ stages }) => stages)
    .filter(({ kind }) => kind !== 'audit')
    .flatMap((stage) =>
      stage.policies
        .filter(({ mode, applies }) => mode === 'enforce' && applies === 'yes')
        .flatMap((policy) => policy.rules.map((rule) => ({ stage, policy, rule }))),
    );
  return seen.toSorted((a, b) => effort(a.rule) - effort(b.rule));
}

const effort = (rule: RuleTrace): number => (rule.holds ? 1 : rule.failed.length);

function flipByRequest(subject: Subject): RequestFlip | undefined {
  const candidates = rulesSeen(subject.planes).flatMap(({ rule }) => changesFor(rule));
  candidates.sort((a, b) => a.length - b.length);
  for (const changes of candidates.slice(0, MOST_TRIED)) {
    const becomes = evaluate(subject.model, changeFacts(subject.facts, changes), subject.options).decision;
    if (becomes.effect !== subject.decision.effect) return { changes, becomes };
  }
  return undefined;
}

/** What makes a rule that fails hold (all of its failed clauses), or one that holds fail (any clause it met). */
function changesFor(rule: RuleTrace): Change[][] {
  if (rule.holds) return rule.met.flatMap((clause) => changeOf(clause, false)).map((change) => [change]);
  const changes = rule.failed.flatMap((clause) => changeOf(clause, true));
  return changes.length === rule.failed.length && changes.length > 0 ? [changes] : [];
}

/** The change that makes a clause hold or fail; none where it asks about what is no text. */
function changeOf({ atom, negated }: ClauseTrace, hold: boolean): Change[] {
  if (atom.op !== 'text') return [];
  const values = valuesFor(atom, hold !== negated);
  return values === undefined ? [] : [{ fact: atom.fact, values }];
}

function flipByPolicy(subject: Subject): PolicyFlip | undefined {
  const { decision } = subject;
  const seen = rulesSeen(subject.planes).slice(0, MOST_TRIED);
  if (decision.policy !== undefined && decision.rule !== undefined) {
    const removed = withoutRule(subject.model, decision.policy, decision.rule);
    const becomes = evaluate(removed, subject.facts, subject.options).decision;
    if (becomes.effect !== decision.effect) {
      return { change: 'remove-rule', policy: decision.policy, rule: decision.rule, clause: undefined, becomes };
    }
  }
  for (const { stage, policy, rule } of seen) {
    const [clause] = rule.failed;
    if (
      clause === undefined ||
      rule.failed.length > 1 ||
      stage.kind !== (decision.effect === 'deny' ? 'any-allow' : 'any-deny')
    )
      continue;
    const widened = withRuleAlways(subject.model, policy.policy, rule.index);
    const becomes = evaluate(widened, subject.facts, subject.options).decision;
    if (becomes.effect !== decision.effect)
      return { change: 'widen-rule', policy: policy.policy, rule: rule.index, clause, becomes };
  }
  return undefined;
}

/** The model without one rule. */
function withoutRule(model: PolicyModel, ref: PolicyRef, index: number): PolicyModel {
  return mapRules(model, (stage) => ({
    ...stage,
    policies: stage.policies.map((policy) =>
      policy.ref === ref ? { ...policy, rules: policy.rules.filter((rule) => rule.index !== index) } : policy,
    ),
  }));
}

/** The model in which one rule holds always: what widening its one failed clause comes to for this request. */
function withRuleAlways(model: PolicyModel, ref: PolicyRef, index: number): PolicyModel {
  const always = { op: 'all', of: [] } as const;
  return mapRules(model, (stage) => ({
    ...stage,
    policies: stage.policies.map((policy) =>
      policy.ref === ref
        ? {
            ...policy,
            rules: policy.rules.map((rule) => (rule.index === index ? { ...rule, http: always, tcp: always } : rule)),
          }
        : policy,
    ),
  }));
}

function mapRules(model: PolicyModel, map: (stage: RuleStage) => RuleStage): PolicyModel {
  const mapStage = (stage: Stage): Stage => (stage.kind === 'transport' || stage.kind === 'token' ? stage : map(stage));
  const mapPlane = (plane: Plane): Plane => ({ ...plane, stages: plane.stages.map(mapStage) });
  return { ...model, planes: model.planes.map(mapPlane) };
}
