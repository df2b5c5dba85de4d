/**
 * The candidate set of a server: read and watched, told to the deciders, and what they found said. Nothing of it can keep the server from
 * starting, or what is in force from being in force.
 * @module
 */
import { type CandidateResult, candidateResults, noResults } from '../../authz/candidate/difference.ts';
import type { RedactedCandidateCounts } from '../../authz/candidate/redacted-difference.ts';
import type { Config } from '../../config/config.ts';
import { systemClock } from '../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import { type CandidateModel, modelBeside } from '../../policy/candidate/candidate-model.ts';
import { type CandidateSource, openCandidateSource } from '../../policy/candidate/candidate-source.ts';
import { joinCandidate } from '../../policy/candidate/join-candidate.ts';
import { type Finding, firstErrorPlace } from '../../policy/documents/finding.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { PolicyLoad } from '../../policy/sources/policy-sources.ts';
import { policyPaths, sourceOptions } from '../policy/policy-sources.ts';
import { createDifferenceTable, type DifferenceTable } from './difference-table.ts';
import { haveSamePolicies } from './same-policies.ts';

/** What there is of a candidate. */
export type CandidateState =
  | { readonly state: 'absent' }
  | { readonly state: 'broken'; readonly why: string; readonly errors: readonly Finding[] }
  | {
      readonly state: 'comparing';
      readonly sinceAt: number;
      readonly model: CandidateModel;
      readonly summary: string;
      /** Of the files. */
      readonly digest: string;
    };

/** The candidate of this server. */
export interface CandidateSide extends AsyncDisposable {
  readonly state: CandidateState;
  /** What deciders are to be told, now and at every change. */
  readonly told: Watchable<CandidateModel | undefined>;
  readonly differences: DifferenceTable;
  /** Checks by what their comparison came to, since the candidate and the policies in force are what they are. */
  readonly counts: Readonly<Record<CandidateResult, number>>;
  /** What the candidate failed with first; empty: it did not. */
  readonly error: string;
  /** Facts that Envoys do not tell, and how often the candidate hung on one. */
  readonly lacks: ReadonlyMap<string, number>;
  /** The model that the candidate comes to among what is in force now; undefined: it is not compared. */
  model(): PolicyModel | undefined;
  /** Looks at the policies in force; to be called when deciders have been told of others. */
  policiesChanged(): void;
  /** Takes what a decider has counted, or what was made of what Envoys tell. */
  note(counts: RedactedCandidateCounts, lacks?: ReadonlyMap<string, number>): void;
  /** Takes what a decider says of the candidate of that number: it is asked, or why not. */
  heard(number: number, why: string): void;
  /** Looks at the files now. */
  reload(): Promise<void>;
}

export interface CandidateSideDeps {
  readonly config: Config;
  readonly policies: Watchable<PolicyLoad>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'countCandidate' | 'setCandidate'>;
  readonly board: Pick<ReadinessBoard, 'degrade' | 'detail'>;
}

const PART = 'candidate';
const MOST_SHOWN = 20;
/** Facts that are counted by name. */
const MOST_LACKS = 64;

/** Opens it; without paths there is none. */
export async function openCandidateSide(deps: CandidateSideDeps): Promise<CandidateSide> {
  const { paths } = deps.config.policies.candidate;
  const { paths: _, ...options } = sourceOptions(deps.config);
  const source =
    paths.length === 0 ? undefined : await openCandidateSource({ ...options, paths: policyPaths(paths) }, systemClock);
  return new Candidate(deps, source);
}

class Candidate implements CandidateSide {
  readonly #deps: CandidateSideDeps;
  readonly #source: CandidateSource | undefined;
  readonly #unsubscribe: (() => void) | undefined;
  readonly told = createWatchable<CandidateModel | undefined>(undefined);
  readonly differences = createDifferenceTable();
  counts = noResults();
  error = '';
  lacks = new Map<string, number>();
  state: CandidateState = { state: 'absent' };
  #number = 0;
  #inForce: PolicyModel;
  /** Of the policies in force, when the comparison began. */
  #sinceGeneration = 0;

  constructor(deps: CandidateSideDeps, source: CandidateSource | undefined) {
    this.#deps = deps;
    this.#source = source;
    this.#inForce = deps.policies.value.model;
    this.#unsubscribe = source?.current.subscribe(() => this.#begin());
    if (source !== undefined) this.#begin();
  }

  /** Pods come and go all the time: only other policies begin another comparison. */
  policiesChanged(): void {
    const { model } = this.#deps.policies.value;
    const isSame = haveSamePolicies(this.#inForce, model);
    this.#inForce = model;
    if (!isSame && this.#source !== undefined) this.#begin();
  }

  #begin(): void {
    const { config, policies } = this.#deps;
    const { files, errors, digest } = this.#source!.current.value; // begun only where there is one
    this.#number += 1;
    this.#sinceGeneration = policies.value.generation;
    this.differences.clear();
    this.counts = noResults();
    this.error = '';
    this.lacks = new Map();
    const { rootNamespace } = config.policies;
    const joined =
      errors.length > 0
        ? ({ ok: false, errors } as const)
        : joinCandidate(files, policies.value.inForce, { ...sourceOptions(config), rootNamespace });
    if (!joined.ok) {
      const [first] = joined.errors;
      this.#break(
        `${firstErrorPlace(joined.errors) ?? ''}: ${first?.message ?? ''} (${first?.fix ?? ''})`,
        joined.errors,
      );
      return;
    }
    const model = { ...joined.model, number: this.#number };
    this.state = { state: 'comparing', sinceAt: Date.now(), model, summary: joined.summary, digest };
    this.told.replace(model);
    this.#deps.log.info({ code: 'candidate_compared', number: this.#number }, `candidate: ${joined.summary}`);
    this.#show('', joined.summary);
  }

  #break(why: string, errors: readonly Finding[]): void {
    this.state = { state: 'broken', why, errors };
    this.told.replace(undefined);
    const findings = errors.slice(0, MOST_SHOWN);
    this.#deps.log.error({ code: 'candidate_broken', findings }, `the candidate is broken and is not asked: ${why}`);
    this.#show(why, '');
  }

  #show(why: string, detail: string): void {
    const { board, metrics } = this.#deps;
    board.degrade(PART, why === '' ? [] : [`${PART}: ${why}`]);
    board.detail(PART, detail);
    metrics.setCandidate(why === '');
  }

  model(): PolicyModel | undefined {
    return this.state.state === 'comparing'
      ? modelBeside(this.state.model, this.#deps.policies.value.model)
      : undefined;
  }

  note(told: RedactedCandidateCounts, lacks?: ReadonlyMap<string, number>): void {
    const { number, sinceGeneration, counts, rows, pushedOut, error } = told;
    for (const [i, result] of candidateResults.entries()) this.#deps.metrics.countCandidate(result, counts[i] ?? 0);
    const isOfNow = number === this.#number && sinceGeneration >= this.#sinceGeneration;
    for (const [i, result] of candidateResults.entries())
      if (isOfNow || result === 'skipped') this.counts[result] += counts[i] ?? 0;
    if (!isOfNow) return;
    this.differences.add(rows, pushedOut);
    for (const [fact, count] of lacks ?? [])
      if (this.lacks.has(fact) || this.lacks.size < MOST_LACKS)
        this.lacks.set(fact, (this.lacks.get(fact) ?? 0) + count);
    if (this.error === '' && error !== '') {
      this.error = error;
      this.#deps.log.error({ code: 'candidate_failed' }, `the candidate has failed: ${error}`);
    }
  }

  heard(number: number, why: string): void {
    if (number === this.#number && why !== '' && this.state.state === 'comparing') this.#break(why, []);
  }

  async reload(): Promise<void> {
    await this.#source?.reload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe?.();
    await this.#source?.[Symbol.asyncDispose]();
  }
}
