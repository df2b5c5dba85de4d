/**
 * Decides logged requests again, by other policies: the same, otherwise, or not to be said for want of a fact.
 * @module
 */
import { isPlainName } from '../../authz/facts/peer-certificate.ts';
import { cleanHost, isForeign } from '../../authz/guards.ts';
import type { QuestionOptions } from '../../authz/question.ts';
import { GatehouseError } from '../../errors.ts';
import { compileSnapshot } from '../../policy/compile/compile-snapshot.ts';
import { type Decision, decision, type Reason } from '../../policy/decision.ts';
import { type Evaluation, evaluate } from '../../policy/evaluate/evaluate.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { Snapshot } from '../../policy/snapshot.ts';
import { NotTold, tryAll } from './choices.ts';
import { createKnownAnswers } from './known-answers.ts';
import type { LoggedDecision } from './logged-decision.ts';
import { createFindAgain } from './recorded-destination.ts';
import { RecordedFacts } from './recorded-facts.ts';

/** The policies that decide now. */
export interface ReplayDeps {
  readonly model: PolicyModel;
  readonly allowEmpty: boolean;
  /** Of the model, where it is compiled already. */
  readonly snapshot?: Snapshot;
  /** `spiffe://<trust domain>/` of our own trust domain and its aliases. */
  readonly ownPrefixes: readonly string[];
  /** What a whole configuration says of guards and workloads; undefined for policies alone. */
  readonly options: QuestionOptions | undefined;
}

/** What a logged decision comes to. */
export type Replayed =
  | {
      readonly result: 'same' | 'differs';
      readonly now: Decision;
      /** Facts that are not told were tried out, and made no difference. */
      readonly tries: number;
    }
  | { readonly result: 'unknown'; readonly lacks: string };

/** Decides logged requests again. */
export interface LogReplay {
  decide(logged: LoggedDecision): Replayed;
  /**
   * Derives the decision that `decide` has just made, the plain way; undefined if no policy was asked, or if a rule that did not
   * matter asks for what is not told: the plain evaluator asks every rule.
   *
   * @throws GatehouseError `internal` if the plain evaluation decides otherwise
   */
  derive(now: Decision): Evaluation | undefined;
}

/** Fell before any policy was asked, by what no policy says; falls so again. */
const standing: ReadonlySet<string> = new Set<Reason>([
  'revoked',
  'peer_not_verified',
  'caller_not_authorised',
  'malformed_request',
  'destination_unknown',
  'namespace_unknown',
]);
/** Nothing was decided, since something was not there. */
const faults: ReadonlySet<string> = new Set<Reason>(['not_ready', 'internal_error']);

/** Creates what decides. Compiles the policies once, if nobody has. */
export function createLogReplay(deps: ReplayDeps): LogReplay {
  const { model, allowEmpty, ownPrefixes, options } = deps;
  const snapshot = deps.snapshot ?? compileSnapshot(model, { allowEmpty });
  const facts = new RecordedFacts(model, createFindAgain(options));
  const known = createKnownAnswers<Replayed>();
  let asked: 'policies' | 'nobody' = 'nobody';
  /** Answered as another one was, and not decided itself. */
  let answeredAlike: LoggedDecision | undefined;
  const decideNow = (logged: LoggedDecision): Decision => {
    asked = 'nobody';
    facts.again();
    const { found } = facts;
    if (found.is === 'refused') return refusal(found.reason);
    const refused = guardOf(facts, logged, options);
    if (refused !== undefined) return refusal(refused);
    asked = 'policies';
    const made = snapshot.decide(facts);
    if (made.reason === 'labels_unknown' && !facts.hasFacts) return facts.choices.pick('labels of the destination', []);
    return hostGuard(made, logged);
  };
  /** The guard that asks again with a cleaner host, where it is on. */
  const hostGuard = (made: Decision, logged: LoggedDecision): Decision => {
    const { host } = facts;
    const isOff = options !== undefined && ambiguousRequestsOf(logged, options) !== 'deny';
    if (made.effect === 'deny' || host === undefined || isOff || cleanHost(host) === host) return made;
    facts.hostInstead = cleanHost(host);
    const clean = snapshot.decide(facts);
    facts.hostInstead = undefined;
    if (clean.effect === 'allow') return made;
    const isOn = options !== undefined || logged.reason === 'ambiguous_request';
    return isOn || facts.choices.pick('extAuthz.ambiguousRequests of the server', [true, false])
      ? refusal('ambiguous_request')
      : made;
  };
  const decideAnew = (logged: LoggedDecision): Replayed => {
    facts.begin(logged);
    const tried = tryAll(
      facts.choices,
      () => decideNow(logged),
      (a, b) => a.effect === b.effect,
    );
    if (tried.is === 'open') return { result: 'unknown', lacks: tried.lacks };
    const { answer, tries } = tried;
    return { result: answer.effect === logged.decision ? 'same' : 'differs', now: answer, tries };
  };
  return {
    decide(logged) {
      const { reason, destination } = logged;
      if (standing.has(reason) && !isFoundOtherwise(reason, options))
        return { result: 'same', now: refusal(reason as Reason), tries: 1 }; // one of the set
      if (reason === 'fact_unknown') return { result: 'unknown', lacks: 'what its proxy does not say' };
      if (faults.has(reason)) return { result: 'unknown', lacks: `a decision: it was ${reason}` };
      if (destination !== undefined && !ownPrefixes.some((own) => destination.spiffeId.startsWith(own)))
        return { result: 'unknown', lacks: 'policies for that trust domain: they are of another one' };
      const key = known.keyOf(logged);
      const alike = key === undefined ? undefined : known.get(key);
      answeredAlike = alike && logged;
      if (alike !== undefined) return alike;
      const replayed = decideAnew(logged);
      if (key !== undefined && !facts.wasAskedForSourcePort) known.put(key, replayed);
      return replayed;
    },
    derive(now) {
      if (answeredAlike !== undefined) decideAnew(answeredAlike);
      answeredAlike = undefined;
      if (asked === 'nobody') return undefined;
      facts.choices.again();
      facts.again();
      const evaluation = evaluated(() => evaluate(model, facts, { allowEmpty }));
      if (evaluation === undefined) return undefined;
      const { effect, policy, rule } = evaluation.decision;
      if (now.reason !== 'ambiguous_request' && (effect !== now.effect || policy !== now.policy || rule !== now.rule))
        throw new GatehouseError(
          'internal',
          'compiled policy decides otherwise than the policy says; please report this',
        );
      return evaluation;
    },
  };
}

function evaluated(evaluate: () => Evaluation): Evaluation | undefined {
  try {
    return evaluate();
  } catch (thrown) {
    if (thrown instanceof NotTold) return undefined;
    throw thrown;
  }
}

/** With a configuration of its own another workload may be found, or one at all. */
const isFoundOtherwise = (reason: string, options: QuestionOptions | undefined): boolean =>
  options !== undefined && (reason === 'destination_unknown' || reason === 'namespace_unknown');

function guardOf(
  facts: RecordedFacts,
  logged: LoggedDecision,
  options: QuestionOptions | undefined,
): Reason | undefined {
  if (options === undefined && logged.reason === 'foreign_trust_domain') return 'foreign_trust_domain';
  const denies =
    options === undefined ? logged.reason === 'ambiguous_request' : ambiguousRequestsOf(logged, options) === 'deny';
  if (denies && !facts.peerNames.every(isPlainName)) return 'ambiguous_request';
  if (options?.peerTrustDomains === 'own' && isForeign(options.ownPrefixes, facts.peerNames))
    return 'foreign_trust_domain';
  return denies && facts.isAmbiguousPath ? 'ambiguous_request' : undefined;
}

/** Proxies that ask over HTTP have a setting of their own. */
const ambiguousRequestsOf = (
  { asker }: LoggedDecision,
  { ambiguousRequests, httpAmbiguousRequests = 'deny' }: QuestionOptions,
): 'asUpstream' | 'deny' => (asker === undefined ? ambiguousRequests : httpAmbiguousRequests);

const refusal = (reason: Reason): Decision => decision(undefined, 'deny', reason);
