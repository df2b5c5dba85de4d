/**
 * What one plane says of requests to one workload: its stages in order, the first that decides ends it.
 * @module
 */
import type { Work } from '../../lib/work.ts';
import type { Audited, Decision } from '../decision.ts';
import { decision } from '../decision.ts';
import type { Destination, Facts } from '../facts.ts';
import { selectTokens } from '../meaning/token-stage.ts';
import { selectTransport } from '../meaning/transport-stage.ts';
import type { Plane, PolicyRef, Stage } from '../model.ts';
import { type DecidingRule, decidedBy, decidingRules, together } from '../rules/deciding-rule.ts';
import type { Compilation } from './compilations.ts';
import { noOrdinal } from './index/rule-index.ts';
import { type CompileContext, type CompiledRuleStage, ruleStageWork, type SelectedRules } from './rule-stage.ts';
import { decidingRule, rulesStep, type Step, tokenStep, transportStep } from './step.ts';

/** Decides one request to the workload that it was made for. */
export type PlaneProgram = (facts: Facts) => Decision;

/** A plane with its indexes built. */
export interface CompiledPlane {
  readonly plane: Plane;
  /** Puts together what concerns one workload: once a workload, not once a request. */
  programFor(destination: Destination): PlaneProgram;
}

interface Parts {
  readonly steps: Step[];
  readonly audits: SelectedRules[];
  undecided: PolicyRef | undefined;
}

/** Compiles a plane; all indexes are built here. */
export function* planeWork(plane: Plane, context: CompileContext, compilation: Compilation): Work<CompiledPlane> {
  const compiled = new Map<Stage, CompiledRuleStage>();
  for (const stage of plane.stages) {
    if (stage.kind === 'transport' || stage.kind === 'token') continue;
    const name = JSON.stringify([plane.id, stage.kind, stage.name, stage.direction]);
    const made = yield* ruleStageWork(stage, context, compilation.last(name));
    compilation.put(name, made.kept);
    compiled.set(stage, made.compiled);
  }
  return {
    plane,
    programFor(destination) {
      const parts: Parts = { steps: [], audits: [], undecided: undefined };
      for (const stage of plane.stages) addStage(parts, plane, stage, compiled, destination, context);
      if (parts.undecided === undefined) return createProgram(plane, parts);
      const refusal = decision(plane.id, 'deny', 'labels_unknown', parts.undecided);
      return () => refusal;
    },
  };
}

function addStage(
  parts: Parts,
  plane: Plane,
  stage: Stage,
  compiled: ReadonlyMap<Stage, CompiledRuleStage>,
  destination: Destination,
  context: CompileContext,
): void {
  let step: Step | undefined;
  if (stage.kind === 'transport') {
    const selected = selectTransport(stage, destination, context);
    parts.undecided ??= selected.undecided;
    step = transportStep(plane.id, selected);
  } else if (stage.kind === 'token') {
    const selected = selectTokens(stage, destination, context);
    parts.undecided ??= selected.undecided;
    step = tokenStep(plane.id, selected);
  } else {
    const selected = compiled.get(stage)!.select(destination);
    if (stage.kind === 'audit') {
      if (selected.enforced.policies.length > 0) parts.audits.push(selected);
      return; // an audit never changes the outcome, nor does not knowing whether it applies
    }
    parts.undecided ??= selected.undecided;
    step = rulesStep(plane.id, selected);
  }
  if (step !== undefined) parts.steps.push(step);
}

function createProgram(plane: Plane, { steps, audits }: Parts): PlaneProgram {
  const open = decision(plane.id, 'allow', 'no_policy_applies');
  const enforce = (facts: Facts): Decision => {
    for (let i = 0; i < steps.length; i++) {
      const made = steps[i]!.decide(facts);
      if (made !== undefined) return made;
    }
    return open;
  };
  const rehearses = steps.some((step) => step.rehearse !== undefined);
  if (!rehearses && audits.length === 0) return enforce;
  const rehearse = (facts: Facts): Decision => {
    for (const step of steps) {
      const made = (step.rehearse ?? step.decide)(facts);
      if (made !== undefined) return made;
    }
    return open;
  };
  const annotate = createAnnotator();
  const auditOf = createAuditor(plane.id, audits);
  return (facts) => annotate(enforce(facts), rehearses ? rehearse(facts) : undefined, auditOf(facts));
}

/** The first audit rule that holds, the same object each time. */
function createAuditor(plane: Plane['id'], audits: readonly SelectedRules[]): (facts: Facts) => Audited | undefined {
  const known = audits.map(() => new Map<number, Audited>());
  return (facts) => {
    for (const [i, { enforced, compiled }] of audits.entries()) {
      const ordinal = enforced.first(facts);
      if (ordinal === noOrdinal) continue;
      const before = known[i]!.get(ordinal);
      if (before !== undefined) return before;
      const ordered = compiled.ruleAt(ordinal);
      const audited = { policy: ordered.policy.ref, rule: ordered.rule.index };
      known[i]!.set(ordinal, audited);
      auditing.set(audited, decidingRule(plane, compiled.stage, ordered));
      return audited;
    }
    return undefined;
  };
}

const auditing = new WeakMap<Audited, DecidingRule>();

const MOST_ANNOTATED = 4096;

/** Joins a decision with what dry-run and audit policies say; equal joins are one object, so that answers can be prepared. */
function createAnnotator() {
  const made = new Map<Decision, Map<Decision | undefined, Map<Audited | undefined, Decision>>>();
  let count = 0;
  return (enforced: Decision, rehearsed: Decision | undefined, audit: Audited | undefined): Decision => {
    const known = made.get(enforced)?.get(rehearsed)?.get(audit);
    if (known !== undefined) return known;
    const dryRun = rehearsed && { effect: rehearsed.effect, policy: rehearsed.policy };
    const joined = decidedBy({ ...enforced, dryRun, audit }, rulesBehind(enforced, rehearsed, audit));
    if (++count > MOST_ANNOTATED) {
      made.clear();
      count = 1;
    }
    const byRehearsal = made.get(enforced) ?? new Map<Decision | undefined, Map<Audited | undefined, Decision>>();
    const byAudit = byRehearsal.get(rehearsed) ?? new Map<Audited | undefined, Decision>();
    made.set(enforced, byRehearsal.set(rehearsed, byAudit.set(audit, joined)));
    return joined;
  };
}

/** Of the rehearsal those that decide nothing yet: the others stand behind what is enforced, or would be met no more. */
function rulesBehind(enforced: Decision, rehearsed: Decision | undefined, audit: Audited | undefined) {
  const dryRun = rehearsed && decidingRules(rehearsed).filter(({ policy }) => policy.mode === 'dry-run');
  const audited = audit && auditing.get(audit);
  return together(decidingRules(enforced), dryRun ?? [], audited ? [audited] : []);
}
