/**
 * Check: bytes in, bytes out, now. Nothing is awaited and nothing is thrown.
 * @module
 */
import type { Clock } from '../lib/clock.ts';
import type { Watchable } from '../lib/watchable.ts';
import type { Decision, Reason } from '../policy/decision.ts';
import { decision } from '../policy/decision.ts';
import { AnswerCache, type AnswerForm, checkResponses } from './answer/answer-cache.ts';
import { DecisionIds } from './answer/decision-id.ts';
import { type HttpAnswer, httpAnswers } from './answer/http-answer.ts';
import { type AnswerContext, ID_LENGTH } from './answer/respond.ts';
import type { CandidateComparison } from './candidate/comparison.ts';
import type { CandidateVerdict } from './candidate/difference.ts';
import type { Caller } from './destination/destination.ts';
import type { UnknownKid, VerifyTokens } from './jwt/token-outcome.ts';
import { Question, type QuestionOptions } from './question.ts';
import type { CheckCounters } from './record/counters.ts';
import type { EdgeCounters } from './record/edges.ts';
import { type ParityCanary, shadowFilter } from './record/parity.ts';
import type { DecisionRing, RingEntry } from './record/ring.ts';
import type { RuleHits } from './record/rule-hits.ts';
import type { DecisionState } from './state.ts';
import { malformedMessage } from './wire/reader.ts';

/** How Checks are answered. */
export interface CheckOptions extends QuestionOptions {
  /** Tell clients too, in `x-gatehouse-decision`. */
  readonly decisionHeader?: boolean;
}

/** What a Check needs of its surroundings. */
export interface CheckDeps {
  /** Undefined until the first state is there: every Check is denied `not_ready`. */
  readonly state: Watchable<DecisionState | undefined>;
  readonly options: CheckOptions;
  readonly verifyTokens: VerifyTokens;
  readonly ring: DecisionRing;
  readonly counters: CheckCounters;
  /** Counts who asked for whom. */
  readonly edges?: EdgeCounters;
  /** Counts which rules decide. */
  readonly hits?: RuleHits;
  /** Holds decisions against those of Envoy's RBAC, where Envoy sends them. */
  readonly parity?: ParityCanary;
  /** Asks the candidate of a state, where it has one. */
  readonly candidate?: CandidateComparison;
  readonly clock: Clock;
  readonly ids?: DecisionIds;
  /** Told of a key that no key set has, so that it may be fetched for the next request. */
  readonly onUnknownKid?: (unknown: UnknownKid) => void;
  /** Told of what went wrong inside; the Check is denied `internal_error`. */
  readonly onError?: (thrown: unknown) => void;
}

/** Answers one CheckRequest. `caller` is the client of the Check, as the transport knows it. */
export type Check = (request: Uint8Array, caller: Caller) => Uint8Array;
/** The same for who asks by HTTP: what it says is a CheckRequest by then. */
export type HttpCheck = (request: Uint8Array, caller: Caller) => HttpAnswer;

/** Creates the one function that answers Checks; it serves one at a time, which a decider's single thread sees to. */
export const createCheck = (deps: CheckDeps): Check => createAnswering(deps, checkResponses);

/** Creates the one that answers by HTTP. */
export const createHttpCheck = (deps: CheckDeps): HttpCheck => createAnswering(deps, httpAnswers);

function createAnswering<Prepared, Answer>(
  deps: CheckDeps,
  form: AnswerForm<Prepared, Answer>,
): (request: Uint8Array, caller: Caller) => Answer {
  const checker = new Checker(deps, form);
  const noDecision = form.prepare(NO_DECISION);
  return (request, caller) => {
    try {
      return checker.check(request, caller);
    } catch (thrown) {
      return lastResort(thrown, deps, () => form.withId(noDecision, NO_ID));
    }
  };
}

const refusals = new Map<Reason, Decision>();

function refuse(reason: Reason): Decision {
  let made = refusals.get(reason);
  if (made === undefined) {
    made = decision(undefined, 'deny', reason);
    refusals.set(reason, made);
  }
  return made;
}

/** Says no where even answering failed. */
function lastResort<Answer>(thrown: unknown, deps: CheckDeps, answer: () => Answer): Answer {
  try {
    deps.onError?.(thrown);
  } catch {
    // a listener may fail; the answer must not
  }
  return answer();
}

const NO_ID = Buffer.alloc(ID_LENGTH, '0');
const NO_DECISION: AnswerContext = {
  decision: refuse('internal_error'),
  destination: undefined,
  snapshot: 0,
  rejected: undefined,
  effects: undefined,
  decisionHeader: false,
};

class Checker<Prepared, Answer> {
  readonly #deps: CheckDeps;
  readonly #question: Question;
  readonly #answers: AnswerCache<Prepared, Answer>;
  readonly #ids: DecisionIds;

  constructor(deps: CheckDeps, form: AnswerForm<Prepared, Answer>) {
    this.#deps = deps;
    this.#answers = new AnswerCache(form);
    this.#question = new Question(deps.options, deps.verifyTokens, deps.counters);
    this.#ids = deps.ids ?? new DecisionIds();
  }

  check(bytes: Uint8Array, caller: Caller): Answer {
    const started = performance.now();
    const { counters, edges, hits, ring, clock } = this.#deps;
    const state = this.#deps.state.value;
    const nowMs = clock.now();
    this.#question.clear();
    this.#question.shapeOf = state?.snapshot.shapeOf;
    const made = this.#decided(bytes, caller, state, nowMs);
    const snapshot = state?.snapshot.generation ?? 0;
    this.#ids.advance();
    const answer = this.#answer(made, snapshot);
    const beside =
      state?.candidate === undefined ? undefined : this.#beside(made, state, nowMs, started, bytes, caller);
    ring.record(
      made,
      this.#ids.bytes,
      nowMs,
      this.#question.destination,
      snapshot,
      bytes,
      caller,
      this.#question.facts.tokens,
      beside,
    );
    edges?.count(this.#question, made, nowMs);
    hits?.count(made, nowMs);
    const tookMs = performance.now() - started;
    counters.count(made, tookMs);
    if (state?.candidate !== undefined) this.#deps.candidate?.ended(tookMs);
    if (this.#deps.parity !== undefined) this.#compare(made, nowMs, snapshot, bytes, caller);
    return answer;
  }

  /** Beside the answer, which is made: nothing that goes wrong in here may touch it. */
  #compare(made: Decision, decidedAt: number, snapshot: number, bytes: Uint8Array, caller: Caller): void {
    const { facts } = this.#question;
    try {
      if (!facts.mayHoldMetadataOf(shadowFilter)) return;
      this.#deps.parity?.compare(facts, made, () => this.#entry(made, decidedAt, snapshot, bytes, caller));
    } catch (thrown) {
      this.#deps.onError?.(thrown);
    }
  }

  /** Likewise. */
  #beside(
    made: Decision,
    { candidate, snapshot: { generation } }: DecisionState,
    nowMs: number,
    startedMs: number,
    bytes: Uint8Array,
    caller: Caller,
  ): CandidateVerdict | undefined {
    const question = this.#question;
    try {
      const entry = (): RingEntry => this.#entry(made, nowMs, generation, bytes, caller);
      const check = { question, made, nowMs, startedMs, entry };
      return candidate && this.#deps.candidate?.compare(candidate, generation, check);
    } catch (thrown) {
      this.#deps.onError?.(thrown);
      return undefined;
    }
  }

  /** What there is to tell of a Check besides its answer. */
  #entry(made: Decision, decidedAt: number, snapshot: number, bytes: Uint8Array, caller: Caller): RingEntry {
    const { facts, destination } = this.#question;
    return {
      id: this.#ids.bytes.toString('latin1'),
      decidedAt,
      decision: made,
      destination,
      snapshot,
      request: Buffer.from(bytes),
      caller,
      tokens: facts.tokens,
    };
  }

  /** Nothing that goes wrong in here may become an allow, or an error of the call. */
  #decided(bytes: Uint8Array, caller: Caller, state: DecisionState | undefined, nowMs: number): Decision {
    try {
      return state === undefined ? refuse('not_ready') : this.#decide(bytes, caller, state, nowMs);
    } catch (thrown) {
      if (thrown === malformedMessage) return refuse('malformed_request');
      this.#deps.onError?.(thrown);
      return refuse('internal_error');
    }
  }

  #decide(bytes: Uint8Array, caller: Caller, state: DecisionState, nowMs: number): Decision {
    const question = this.#question;
    const refused = question.read(bytes, caller, state, nowMs);
    if (refused !== undefined) return refuse(refused);
    const made = question.decideBy(state.snapshot);
    const { tokens } = question.facts;
    if (tokens?.unknownKid !== undefined) this.#deps.onUnknownKid?.(tokens.unknownKid);
    return made;
  }

  #answer(made: Decision, snapshot: number): Answer {
    const { destination, facts } = this.#question;
    const { tokens } = facts;
    const context = {
      decision: made,
      destination: destination?.spiffeId,
      snapshot,
      rejected: tokens?.outcome === 'rejected' ? tokens : undefined,
      effects: tokens === undefined || tokens.outcome === 'rejected' ? undefined : tokens.effects,
      decisionHeader: this.#deps.options.decisionHeader === true,
    };
    return this.#answers.answer(context, this.#ids.bytes);
  }
}
