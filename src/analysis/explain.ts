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
import type { PolicyModel } from '../policy/model.ts';
import type { OwnerOf } from '../policy/owners.ts';
import { tokenCarriers } from '../policy/token-carriers.ts';
import { findFlip } from './explain-flip.ts';
import { type ShownFlip, showFlip } from './explain-show-flip.ts';
import { type ShownStage, showPlane } from './explain-stage.ts';
import { type NearMiss, nearMissesOf, type Sources } from './near-misses.ts';

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

export interface ShownPlane {
  readonly plane: string;
  readonly mode: 'enforce' | 'observe';
  readonly decision: Decision['effect'];
  readonly reason: Reason;
  readonly policy: string | null;
  readonly rule: number | null;
}

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
  if (refused !== undefined) return explainRefusal(refused, question, deps.model);
  const { facts } = question;
  const showing = { carriers: tokenCarriers(deps.model), ownerOf: deps.ownerOf };
  const evaluation = evaluate(deps.model, facts, deps.evaluate);
  assertSame(evaluation.decision, deps.state.snapshot.decide(facts));
  const { decision, trace } = evaluation;
  const { model, sources, evaluate: options } = deps;
  const flip = findFlip({ model, facts, options, decision, planes: trace.planes, ...sources });
  return {
    ...headOf(decision, question),
    summary: summaryOf(evaluation, facts.tokens?.outcome === 'rejected' ? facts.tokens.body : undefined),
    planes: trace.planes.map(({ plane, mode, decision: made }) => ({
      plane,
      mode,
      decision: made.effect,
      reason: made.reason,
      policy: nameOf(made.policy) ?? null,
      rule: made.rule ?? null,
    })),
    snapshot: model.generation,
    stages: trace.planes.flatMap((plane) => showPlane(plane, showing)),
    nearMisses: nearMissesOf(trace.planes, decision, showing, sources),
    flip: showFlip(flip, facts, showing),
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

function explainRefusal(reason: Reason, question: Question, { generation }: PolicyModel): Explanation {
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
  const summary = `denied before any policy was asked: ${refusalTexts[reason] ?? reason}`;
  const nothing = { planes: [], stages: [], nearMisses: [], flip: {} };
  return { ...headOf(decision, question), summary, snapshot: generation, ...nothing };
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
