/**
 * Asks a candidate set about the Checks that were answered by the policies in force, and counts what it would have changed.
 *
 * It comes after the answer is made, and nothing that goes wrong in here touches that.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import { decision } from '../../policy/decision.ts';
import type { Snapshot } from '../../policy/snapshot.ts';
import type { RequestFacts } from '../facts/request-facts.ts';
import type { TokenOutcome } from '../jwt/token-outcome.ts';
import type { RingEntry } from '../record/ring.ts';
import type { BesidePolicies } from '../state.ts';
import { malformedMessage } from '../wire/reader.ts';
import {
  type CandidateResult,
  type CandidateVerdict,
  candidateResults,
  type DifferenceResult,
  differenceBetween,
  noResults,
} from './difference.ts';
import { type DifferenceRow, DifferenceRows } from './difference-rows.ts';
import { LONG_MS, type TimeBudget, TimeShare } from './time-share.ts';

/** A question that was answered. */
export interface AnsweredQuestion {
  readonly facts: RequestFacts;
  readonly destination: RingEntry['destination'];
  readonly callerName: string;
  /** Policies were asked; else it was refused before, whatever they say. */
  readonly wasDecided: boolean;
  /** What policies say, with what is asked besides. */
  decideBy(snapshot: Snapshot): Decision;
}

/** One Check that was answered. */
export interface AnsweredCheck {
  readonly question: AnsweredQuestion;
  readonly made: Decision;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Of `performance.now`. */
  readonly startedMs: number;
  entry(): RingEntry;
}

/** Counts since the last `take`, all of one candidate. Plain data. */
export interface CandidateCounts {
  /** Of the candidate that was asked; 0: none was. */
  readonly number: number;
  /** The lowest generation of the policies in force that it was held against. */
  readonly sinceGeneration: number;
  /** By the order of `candidateResults`. */
  readonly counts: readonly number[];
  readonly rows: readonly DifferenceRow[];
  /** Differences that are in no row. */
  readonly pushedOut: number;
  /** What the candidate failed with first; empty: it did not. */
  readonly error: string;
}

const malformed = decision(undefined, 'deny', 'malformed_request');
const failed = decision(undefined, 'deny', 'internal_error');
const LONGEST_ERROR = 500;

/** Compares the Checks of one decider. */
export class CandidateComparison {
  readonly #share: TimeBudget;
  readonly #rows = new DifferenceRows();
  #counts: Record<CandidateResult, number> = noResults();
  #number = 0;
  #sinceGeneration = Number.POSITIVE_INFINITY;
  #error = '';
  #wasUntimed = false;

  constructor(share: TimeBudget = new TimeShare()) {
    this.#share = share;
  }

  /** Asks the candidate, if there is time for it; returns what it says where that differs. */
  compare(beside: BesidePolicies, generation: number, check: AnsweredCheck): CandidateVerdict | undefined {
    const isTimed = this.#share.begin();
    const isAsked = beside !== 'not ready' && this.#share.hasSome;
    this.#wasUntimed = isAsked && !isTimed;
    if (!isTimed) return isAsked ? this.#held(beside, generation, check) : this.#skip();
    const beginMs = performance.now();
    const said = isAsked ? this.#held(beside, generation, check) : this.#skip();
    const endMs = performance.now();
    this.#share.take(beginMs - check.startedMs, isAsked ? endMs - beginMs : 0);
    return said;
  }

  /** Hears how long the Check took that was compared last, its comparison with it, milliseconds. */
  ended(tookMs: number): void {
    if (tookMs > LONG_MS && this.#wasUntimed) this.#share.overran(tookMs);
    this.#wasUntimed = false;
  }

  #skip(): undefined {
    this.#counts.skipped++;
  }

  #held(
    { number, snapshot }: Exclude<BesidePolicies, string>,
    generation: number,
    check: AnsweredCheck,
  ): CandidateVerdict | undefined {
    if (number !== this.#number) this.#begin(number);
    if (generation < this.#sinceGeneration) this.#sinceGeneration = generation;
    if (check.question.wasDecided) return this.#ask(snapshot, check);
    this.#counts.same++;
    return undefined;
  }

  /** What was counted of another candidate is nothing that anybody asks about any more. */
  #begin(number: number): void {
    this.take();
    this.#number = number;
  }

  #ask(snapshot: Snapshot, check: AnsweredCheck): CandidateVerdict | undefined {
    const { question, made } = check;
    const { facts } = question;
    const { tokens } = facts;
    facts.askAnew();
    let said: Decision;
    let candidateTokens: TokenOutcome | undefined;
    try {
      said = this.#decide(snapshot, question);
      candidateTokens = facts.tokens;
    } finally {
      facts.askAnew(tokens);
    }
    const result: DifferenceResult | undefined =
      said === failed ? 'error' : differenceBetween(made, tokens, said, candidateTokens);
    this.#counts[result ?? 'same']++;
    if (result === undefined) return undefined;
    const candidate = { result, decision: said };
    this.#note(check, candidate, candidateTokens);
    return candidate;
  }

  #decide(snapshot: Snapshot, question: AnsweredQuestion): Decision {
    try {
      return question.decideBy(snapshot);
    } catch (thrown) {
      if (thrown === malformedMessage) return malformed;
      if (this.#error === '')
        this.#error = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, LONGEST_ERROR);
      return failed;
    }
  }

  #note(
    { question, made, nowMs, entry }: AnsweredCheck,
    candidate: CandidateVerdict,
    exampleTokens: TokenOutcome | undefined,
  ): void {
    const { callerName: caller, destination, facts } = question;
    const method = facts.protocol === 'http' ? facts.method : '';
    const kind = { caller, destination, made, said: candidate.decision, method };
    if (!this.#rows.count(kind, nowMs))
      this.#rows.begin(kind, nowMs, () => ({ candidate, example: entry(), exampleTokens }));
  }

  /** What was counted since the last call; counting begins anew. */
  take(): CandidateCounts {
    const { rows, pushedOut } = this.#rows.take();
    const taken: CandidateCounts = {
      ...{ number: this.#number, rows, pushedOut, error: this.#error },
      sinceGeneration: this.#sinceGeneration,
      counts: candidateResults.map((result) => this.#counts[result]),
    };
    this.#counts = noResults();
    this.#sinceGeneration = Number.POSITIVE_INFINITY;
    this.#error = '';
    return taken;
  }
}
