/**
 * Explains one decision: the path to it, what came near, and what would turn it round.
 *
 * The question is read exactly as a Check reads it; the decision is derived the plain way from the same model, and held against
 * the compiled one.
 * @module
 */
import type { Caller } from '../authz/destination.ts';
import type { VerifyTokens } from '../authz/jwt/verdict.ts';
import { Question, type QuestionOptions } from '../authz/question.ts';
import { nameOf } from '../authz/respond.ts';
import type { DecisionState } from '../authz/state.ts';
import { malformedMessage } from '../authz/wire/reader.ts';
import { GatehouseError } from '../errors.ts';
import { fromByteString } from '../lib/byte-string.ts';
import type { Decision, Reason } from '../policy/decision.ts';
import { type EvaluateOptions, type Evaluation, evaluate } from '../policy/evaluate.ts';
import type { PolicyModel, Position } from '../policy/model.ts';
import { type TokenCarriers, tokenCarriers } from '../policy/token-carriers.ts';
import type { PlaneTrace, PolicyTrace, RuleTrace, StageTrace } from '../policy/trace.ts';
import { type ShownClause, showClause } from './explain-clause.ts';
import { findFlip } from './explain-flip.ts';
import { type ShownFlip, showFlip } from './explain-show-flip.ts';

export interface ExplainDeps {
  readonly model: PolicyModel;
  readonly evaluate: EvaluateOptions;
  readonly state: DecisionState;
  readonly options: QuestionOptions;
  readonly verifyTokens: VerifyTokens;
  readonly nowMs: number;
  readonly caller: Caller;
}

/** The JSON of `policy explain`. */
export interface Explanation {
  readonly decision: Decision['effect'];
  /** `namespace/name`, or null where no policy decided. */
  readonly policy: string | null;
  readonly rule: number | null;
  readonly reason: Reason;
  /** One sentence. */
  readonly summary: string;
  readonly destination: ShownDestination | null;
  readonly dryRun: { readonly decision: Decision['effect']; readonly policy: string | null } | null;
  readonly stages: readonly ShownStage[];
  readonly nearMisses: readonly NearMiss[];
  readonly flip: ShownFlip;
}

export interface ShownDestination {
  readonly spiffeId: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly foundBy: string;
}

export interface ShownStage {
  readonly plane: string;
  readonly mode: 'enforce' | 'observe';
  readonly stage: string;
  readonly decision: Decision['effect'] | 'continue';
  readonly said: string;
  /** Those that apply, and those of which nobody can tell. */
  readonly policies: readonly ShownPolicy[];
}

export interface ShownPolicy {
  readonly policy: string;
  readonly file: string;
  readonly line: number;
  readonly mode: 'enforce' | 'dry-run';
  readonly applies: 'yes' | 'unknown';
  readonly rules: readonly ShownRule[];
}

export interface ShownRule {
  readonly rule: number;
  readonly line: number;
  readonly holds: boolean;
  /** Why it holds, or what keeps it from holding. */
  readonly clauses: readonly ShownClause[];
}

export interface NearMiss {
  readonly policy: string;
  readonly rule: number;
  readonly stage: string;
  readonly file: string;
  readonly line: number;
  /** How many clauses keep it from holding. */
  readonly failedClauses: number;
  readonly first: ShownClause;
}

/** As many near misses, and as many rules a policy, as a person reads. */
const MOST_NEAR_MISSES = 5;
const MOST_RULES = 50;

/**
 * Explains the answer to a CheckRequest.
 *
 * @throws GatehouseError `internal` if the compiled policy decides otherwise than the plain one: a fault of ours, worth a report
 */
export function explain(bytes: Uint8Array, deps: ExplainDeps): Explanation {
  const question = new Question(deps.options, deps.verifyTokens, {
    unverifiedPeers: 0,
    ambiguousRequests: 0,
    peersWithCertificate: 0,
    peersWithout: 0,
  });
  const refused = readQuestion(question, bytes, deps);
  const carriers = tokenCarriers(deps.model);
  if (refused !== undefined) return explainRefusal(refused, question);
  const { facts } = question;
  const evaluation = evaluate(deps.model, facts, deps.evaluate);
  assertSame(evaluation.decision, deps.state.snapshot.decide(facts));
  const { decision, trace } = evaluation;
  return {
    ...headOf(decision, question),
    summary: summaryOf(evaluation, facts.tokens?.outcome === 'rejected' ? facts.tokens.body : undefined),
    stages: trace.planes.flatMap((plane) => showPlane(plane, carriers)),
    nearMisses: nearMissesOf(trace.planes, decision, carriers),
    flip: showFlip(
      findFlip({ model: deps.model, facts, options: deps.evaluate, decision, planes: trace.planes }),
      facts,
      carriers,
    ),
  };
}

function readQuestion(question: Question, bytes: Uint8Array, deps: ExplainDeps): Reason | undefined {
  try {
    return question.read(bytes, deps.caller, deps.state, deps.nowMs);
  } catch (thrown) {
    if (thrown === malformedMessage) return 'malformed_request';
    throw thrown;
  }
}

const refusalTexts: Readonly<Partial<Record<Reason, string>>> = {
  malformed_request: 'the bytes are no CheckRequest',
  destination_unknown:
    'nothing says which workload is asked for: neither gatehouse.workload, nor destination.principal, nor workloads[].addresses',
  namespace_unknown:
    'the workload has no namespace: its ID is not /ns/…/sa/…, and workloads[].spiffeId does not name it',
  caller_not_authorised: 'the asking Envoy is neither the workload itself nor one of extAuthz.clients',
  revoked: "the peer's certificate, key or name was revoked",
  peer_not_verified: "no bundle of ours vouches for the peer's certificate, or it cannot be read",
  foreign_trust_domain: 'the peer is of another trust domain (extAuthz.peerTrustDomains: own)',
  ambiguous_request: 'the path may be read in two ways (extAuthz.ambiguousRequests: deny)',
};

function explainRefusal(reason: Reason, question: Question): Explanation {
  const decision: Decision = {
    effect: 'deny',
    reason,
    plane: undefined,
    policy: undefined,
    rule: undefined,
    dryRun: undefined,
    audit: undefined,
  };
  const summary = `denied before any policy was asked: ${refusalTexts[reason] ?? reason}`;
  return { ...headOf(decision, question), summary, stages: [], nearMisses: [], flip: {} };
}

function headOf(decision: Decision, { destination }: Question) {
  const { effect, reason, policy, rule, dryRun } = decision;
  return {
    decision: effect,
    policy: nameOf(policy) ?? null,
    rule: rule ?? null,
    reason,
    destination:
      destination === undefined
        ? null
        : {
            spiffeId: fromByteString(destination.spiffeId),
            namespace: destination.namespace,
            labels: destination.labels === undefined ? null : Object.fromEntries(destination.labels),
            foundBy: destination.foundBy,
          },
    dryRun: dryRun === undefined ? null : { decision: dryRun.effect, policy: nameOf(dryRun.policy) ?? null },
  };
}

function summaryOf({ decision, trace }: Evaluation, tokenText: string | undefined): string {
  const { effect, reason, policy, rule } = decision;
  const verb = effect === 'allow' ? 'allowed' : 'denied';
  if (tokenText !== undefined) return `denied: ${tokenText}`;
  if (policy !== undefined)
    return `${verb} by ${nameOf(policy)}${rule === undefined ? '' : ` rule ${rule}`} (${reason})`;
  const decisive = trace.planes.flatMap(({ stages }) => stages).find(({ decision: made }) => made?.reason === reason);
  return `${verb}: ${reason}${decisive === undefined ? '' : ` (${decisive.name}: ${decisive.said})`}`;
}

function showPlane({ plane, mode, stages }: PlaneTrace, carriers: TokenCarriers): ShownStage[] {
  return stages.map((stage) => ({
    plane,
    mode,
    stage: stage.name,
    decision: stage.decision?.effect ?? 'continue',
    said: stage.said,
    policies: stage.policies.flatMap((policy) => showPolicy(policy, carriers)),
  }));
}

function showPolicy({ policy, position, mode, applies, rules }: PolicyTrace, carriers: TokenCarriers): ShownPolicy[] {
  if (applies === 'no') return [];
  const { file, line } = position;
  const nearest = rules.toSorted((a, b) => distance(a) - distance(b)).slice(0, MOST_RULES);
  return [
    { policy: nameOf(policy) ?? '', file, line, mode, applies, rules: nearest.map((rule) => showRule(rule, carriers)) },
  ];
}

const distance = (rule: RuleTrace): number => (rule.holds ? 0 : rule.failed.length);

function showRule({ index, position, holds, failed, met }: RuleTrace, carriers: TokenCarriers): ShownRule {
  const clauses = (holds ? met : failed).map((clause) => showClause(clause, holds, carriers));
  return { rule: index, line: position.line, holds, clauses };
}

/** Rules that would have decided otherwise, the nearest first. */
function nearMissesOf(planes: readonly PlaneTrace[], decision: Decision, carriers: TokenCarriers): NearMiss[] {
  const otherwise = (stage: StageTrace): boolean =>
    (decision.effect === 'deny') === (stage.kind === 'any-allow') || stage.kind === 'first-match';
  const misses: { near: NearMiss; position: Position }[] = [];
  for (const stage of planes.flatMap(({ stages }) => stages).filter(otherwise)) {
    for (const { policy, applies, rules, mode } of stage.policies) {
      if (applies !== 'yes' || mode !== 'enforce') continue;
      for (const { index, position, failed } of rules) {
        if (failed[0] === undefined) continue;
        const first = showClause(failed[0], false, carriers);
        const { file, line } = position;
        const near = {
          policy: nameOf(policy) ?? '',
          rule: index,
          stage: stage.name,
          file,
          line,
          failedClauses: failed.length,
          first,
        };
        misses.push({ near, position });
      }
    }
  }
  return misses
    .map(({ near }) => near)
    .sort((a, b) => a.failedClauses - b.failedClauses)
    .slice(0, MOST_NEAR_MISSES);
}

function assertSame(plain: Decision, compiled: Decision): void {
  const same =
    plain.effect === compiled.effect &&
    plain.reason === compiled.reason &&
    plain.policy === compiled.policy &&
    plain.rule === compiled.rule;
  if (!same) {
    const details = { plain: `${plain.effect} ${plain.reason}`, compiled: `${compiled.effect} ${compiled.reason}` };
    throw new GatehouseError(
      'internal',
      'compiled policy decides otherwise than the policy says; please report this',
      details,
    );
  }
}
