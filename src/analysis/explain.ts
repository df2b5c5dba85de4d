/**
 * Explains one decision: the path to it, what came near, and what would turn it round.
 *
 * The question is read exactly as a Check reads it; the decision is derived the plain way from the same model, and held against
 * the compiled one.
 * @module
 */

import type { RequestForm } from '../admin-api/request-form.ts';
import { nameOf } from '../authz/answer/respond.ts';
import type { Caller } from '../authz/destination/destination.ts';
import type { VerifyTokens } from '../authz/jwt/token-outcome.ts';
import { Question, type QuestionOptions } from '../authz/question.ts';
import { CheckCounters } from '../authz/record/counters.ts';
import type { DecisionState } from '../authz/state.ts';
import { malformedMessage } from '../authz/wire/reader.ts';
import { GatehouseError } from '../errors.ts';
import { fromByteString } from '../lib/byte-string.ts';
import type { Decision, Reason } from '../policy/decision.ts';
import { type EvaluateOptions, type Evaluation, evaluate } from '../policy/evaluate/evaluate.ts';
import type { PlaneTrace } from '../policy/evaluate/trace.ts';
import type { Facts } from '../policy/facts.ts';
import type { PolicyModel } from '../policy/model.ts';
import type { OwnerOf } from '../policy/owners.ts';
import { tokenCarriers } from '../policy/token-carriers.ts';
import { askedRequest } from './asked-request.ts';
import { type Flip, findFlip } from './explain-flip.ts';
import { labelsUnknown } from './explain-labels.ts';
import { type ShownFlip, showFlip } from './explain-show-flip.ts';
import { type ShownStage, showPlane } from './explain-stage.ts';
import { type NearMiss, nearMissesOf, type Sources } from './near-misses.ts';

/** The policies and keys that a request is explained by. */
export interface ExplainDeps {
  readonly model: PolicyModel;
  readonly evaluate: EvaluateOptions;
  readonly state: DecisionState;
  readonly options: QuestionOptions;
  readonly verifyTokens: VerifyTokens;
  readonly nowMs: number;
  readonly caller: Caller;
  readonly ownerOf: OwnerOf;
  /** The files that the policies stand in. */
  readonly sources: Sources;
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
  /** What each plane says, enforced or observed. */
  readonly planes: readonly ShownPlane[];
  /** The generation of policy that was asked. */
  readonly snapshot: number;
  /** What was asked: the request without its secrets, and of its headers those that policies ask about. */
  readonly request: RequestForm | null;
  readonly stages: readonly ShownStage[];
  readonly nearMisses: readonly NearMiss[];
  readonly flip: ShownFlip;
}

/** The workload that was asked for, and how it was found. */
export interface ShownDestination {
  readonly spiffeId: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly foundBy: string;
}

export interface ShownPlane {
  readonly plane: string;
  readonly mode: 'enforce' | 'observe';
  readonly decision: Decision['effect'];
  readonly reason: Reason;
  readonly policy: string | null;
  readonly rule: number | null;
  /** What would turn an observed plane's own verdict round. */
  readonly flip?: ShownFlip;
}

/** A CheckRequest as it was understood, and what the policies said of it. */
export interface Derived {
  readonly question: Question;
  /** Why it is refused before any policy is asked. */
  readonly refused: Reason | undefined;
  /** Undefined if it is refused. */
  readonly evaluation: Evaluation | undefined;
  /** Whoever asks does not say what the policies read. */
  readonly unsaid?: Decision;
}

/**
 * Derives the answer to a CheckRequest.
 *
 * @throws GatehouseError `internal` if the compiled policy decides otherwise than the plain one: a fault of ours, worth a report
 */
export function derive(bytes: Uint8Array, deps: ExplainDeps): Derived {
  const question = new Question(deps.options, deps.verifyTokens, new CheckCounters());
  const refused = readQuestion(question, bytes, deps);
  if (refused !== undefined) return { question, refused, evaluation: undefined };
  const unsaid = question.unsaidBy(deps.state.snapshot);
  if (unsaid !== undefined) return { question, refused: unsaid.reason, evaluation: undefined, unsaid };
  const { facts } = question;
  const evaluation = evaluate(deps.model, facts, deps.evaluate);
  assertSame(evaluation.decision, deps.state.snapshot.decide(facts));
  return { question, refused: ambiguousHost(question, evaluation, deps), evaluation };
}

/** The guard that asks again with a cleaner host (`ambiguousRequests: deny`). */
function ambiguousHost(
  { facts, cleanerHost }: Question,
  { decision }: Evaluation,
  deps: ExplainDeps,
): Reason | undefined {
  if (decision.effect === 'deny' || cleanerHost === undefined) return undefined;
  facts.hostInstead = cleanerHost;
  const clean = evaluate(deps.model, facts, deps.evaluate).decision;
  facts.hostInstead = undefined;
  return clean.effect === 'allow' ? undefined : 'ambiguous_request';
}

/** Explains the answer to a CheckRequest. @throws GatehouseError as `derive` does */
export function explain(bytes: Uint8Array, deps: ExplainDeps): Explanation {
  const { question, refused, evaluation, unsaid } = derive(bytes, deps);
  const request = askedRequest(bytes, deps.model);
  if (unsaid !== undefined) return { ...explainUnsaid(unsaid, question, deps.model), request };
  if (refused !== undefined || evaluation === undefined)
    return { ...explainRefusal(refused ?? 'internal_error', question, deps.model), request };
  const { facts } = question;
  const { decision, trace } = evaluation;
  const { model, sources, evaluate: options } = deps;
  const showing = { carriers: tokenCarriers(model), ownerOf: deps.ownerOf };
  const flip = findFlip({ model, facts, options, decision, planes: trace.planes, ...sources });
  return {
    ...headOf(decision, question),
    summary: summaryOf(
      evaluation,
      labelsUnknownBy(evaluation, question, deps),
      facts.tokens?.outcome === 'rejected' ? facts.tokens.body : undefined,
    ),
    planes: trace.planes.map((traced) => ({
      plane: traced.plane,
      mode: traced.mode,
      decision: traced.decision.effect,
      reason: traced.decision.reason,
      policy: nameOf(traced.decision.policy) ?? null,
      rule: traced.decision.rule ?? null,
      ...(traced.mode === 'observe' && { flip: showFlip(flipOfPlane(traced, facts, deps), facts, showing) }),
    })),
    snapshot: model.generation,
    request,
    stages: trace.planes.flatMap((plane) => showPlane(plane, showing)),
    nearMisses: nearMissesOf(trace.planes, decision, showing, sources),
    flip: showFlip(flip, facts, showing),
  };
}

/** What would turn round the verdict of a plane that is only observed, as if it alone decided. */
function flipOfPlane(traced: PlaneTrace, facts: Facts, { model, evaluate: options, sources }: ExplainDeps): Flip {
  const planes = model.planes
    .filter(({ id }) => id === traced.plane)
    .map((plane) => ({ ...plane, mode: 'enforce' }) as const);
  const alone: PlaneTrace = { ...traced, mode: 'enforce' };
  return findFlip({
    model: { ...model, planes },
    facts,
    options,
    decision: traced.decision,
    planes: [alone],
    ...sources,
  });
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

function explainRefusal(reason: Reason, question: Question, { generation }: PolicyModel): Omit<Explanation, 'request'> {
  const decision: Decision = {
    effect: 'deny',
    reason,
    plane: undefined,
    stage: undefined,
    owner: undefined,
    policy: undefined,
    rule: undefined,
    dryRun: undefined,
    audit: undefined,
  };
  const why = (reason === 'malformed_request' && question.malformed) || (refusalTexts[reason] ?? reason);
  const summary = `denied before any policy was asked: ${why}`;
  const nothing = { planes: [], stages: [], nearMisses: [], flip: {} };
  return { ...headOf(decision, question), summary, snapshot: generation, ...nothing };
}

/** Policies read what the proxy that asks does not say. */
function explainUnsaid(unsaid: Decision, question: Question, model: PolicyModel): Omit<Explanation, 'request'> {
  const by = unsaid.policy === undefined ? `the plane ${unsaid.plane}` : nameOf(unsaid.policy);
  const rule = unsaid.rule === undefined ? '' : ` rule ${unsaid.rule}`;
  const summary = `denied before any policy was asked (fact_unknown), for ${by}${rule}: ${unsaid.lacks}`;
  return { ...explainRefusal(unsaid.reason, question, model), ...headOf(unsaid, question), summary };
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

function labelsUnknownBy(
  { decision: { reason, policy } }: Evaluation,
  { destination }: Question,
  { model }: ExplainDeps,
) {
  return reason === 'labels_unknown' && policy !== undefined ? labelsUnknown(policy, destination, model) : undefined;
}

function summaryOf(
  { decision, trace }: Evaluation,
  unknown: string | undefined,
  tokenText: string | undefined,
): string {
  const { effect, reason, policy, rule } = decision;
  const verb = effect === 'allow' ? 'allowed' : 'denied';
  if (tokenText !== undefined) return `denied: ${tokenText}`;
  if (unknown !== undefined) return unknown;
  if (policy !== undefined)
    return `${verb} by ${nameOf(policy)}${rule === undefined ? '' : ` rule ${rule}`} (${reason})`;
  const decisive = trace.planes.flatMap(({ stages }) => stages).find(({ decision: made }) => made?.reason === reason);
  return `${verb}: ${reason}${decisive === undefined ? '' : ` (${decisive.name}: ${decisive.said})`}`;
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
