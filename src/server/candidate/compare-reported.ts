/**
 * Asks the candidate about requests that Envoys have decided themselves, as a replay of the log would: what they do not tell is tried out,
 * and where the verdict hangs on it nobody can say.
 *
 * Made ready when the first is told of, in slices; until then, and once its share of the time is used up, they are skipped.
 * @module
 */
import { createLogReplay, type LogReplay } from '../../analysis/replay/replay.ts';
import { type CandidateResult, candidateResults, noResults } from '../../authz/candidate/difference.ts';
import type { RedactedDifference } from '../../authz/candidate/redacted-difference.ts';
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import type { Config } from '../../config/config.ts';
import { toByteString } from '../../lib/byte-string.ts';
import { finishInSlices } from '../../lib/work.ts';
import type { CandidateModel } from '../../policy/candidate/candidate-model.ts';
import { Compilations } from '../../policy/compile/compilations.ts';
import { snapshotWork } from '../../policy/compile/compile-snapshot.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { decisionRecord } from '../log/decision-record.ts';
import { checkOptions } from '../policy/check-options.ts';
import type { CandidateSide } from './candidate-side.ts';

/**
 * Compares decisions that Envoys have told of, and returns them, with what the candidate says where that differs.
 *
 * @param others  how many were told of besides, of which nothing is kept
 */
export type CompareReported = (entries: readonly RedactedDecision[], others: number) => readonly RedactedDecision[];

export interface CompareReportedDeps {
  readonly candidate: Pick<CandidateSide, 'state' | 'model' | 'note'>;
  readonly config: () => Config;
  /** In force. */
  readonly policies: () => PolicyModel;
}

/** What it may take of this process in a second, milliseconds. */
const MOST_MS = 50;
const SLICE_MS = 2;

/** Replays by both sets, and what they were made of. */
interface Ready {
  readonly candidate: CandidateModel;
  readonly base: PolicyModel;
  readonly config: Config;
  readonly beside: LogReplay;
  /** Tells an Envoy that has not got the policies in force yet. */
  readonly inForce: LogReplay;
}

/** Creates it; nothing is compiled before an Envoy tells of anything while there is a candidate. */
export function createCompareReported(deps: CompareReportedDeps): CompareReported {
  const share = createShare(() => performance.now());
  const readyFor = createReadiness(deps);
  return (entries, others) => {
    const { state } = deps.candidate;
    if (state.state !== 'comparing') return entries;
    const ready = readyFor();
    const taken = createTaken();
    taken.counts.skipped += others;
    const shown = entries.map((entry) => {
      const isAsked = ready !== undefined && entry.decidedAt >= state.sinceAt && share.hasSome();
      if (!isAsked) {
        taken.counts.skipped += 1;
        return entry;
      }
      const beginMs = performance.now();
      const candidate = compareOne(ready, entry, taken);
      share.take(performance.now() - beginMs);
      return candidate === undefined ? entry : { ...entry, candidate };
    });
    const { counts, rows, error, lacks } = taken;
    const told = { number: state.model.number, sinceGeneration: deps.policies().generation, rows, pushedOut: 0, error };
    deps.candidate.note({ ...told, counts: candidateResults.map((result) => counts[result]) }, lacks);
    return shown;
  };
}

/** What comparisons of one message came to. */
interface Taken {
  readonly counts: Record<CandidateResult, number>;
  readonly rows: RedactedDifference[];
  readonly lacks: Map<string, number>;
  error: string;
}

const createTaken = (): Taken => ({ counts: noResults(), rows: [], lacks: new Map(), error: '' });

function compareOne(
  { beside, inForce }: Ready,
  entry: RedactedDecision,
  taken: Taken,
): RedactedDecision['candidate'] | undefined {
  try {
    const logged = { ...decisionRecord(entry), reportedFacts: entry.reportedFacts };
    const said = beside.decide(logged);
    if (said.result === 'unknown') taken.lacks.set(said.lacks, (taken.lacks.get(said.lacks) ?? 0) + 1);
    const isOld = said.result === 'differs' && inForce.decide(logged).result === 'differs';
    if (said.result !== 'differs' || isOld) {
      taken.counts[isOld ? 'skipped' : said.result === 'unknown' ? 'unsaid' : 'same'] += 1;
      return undefined;
    }
    const result = entry.decision.effect === 'allow' ? 'allow_to_deny' : 'deny_to_allow';
    taken.counts[result] += 1;
    const candidate = { result, decision: said.now } as const;
    const at = { firstAt: entry.decidedAt, lastAt: entry.decidedAt };
    const { source, request } = logged;
    const kind = { caller: toByteString(source?.principal ?? ''), method: toByteString(request?.method ?? '') };
    taken.rows.push({ ...kind, ...at, candidate, count: 1, example: entry, exampleTokens: undefined });
    return candidate;
  } catch (thrown) {
    taken.counts.error += 1;
    if (taken.error === '') taken.error = thrown instanceof Error ? thrown.message : String(thrown);
    return undefined;
  }
}

/** Says what is ready for the candidate and the policies of now; else makes it so, and says nothing until then. */
function createReadiness({ candidate, config, policies }: CompareReportedDeps): () => Ready | undefined {
  const compilations = { beside: new Compilations(), inForce: new Compilations() };
  let ready: Ready | undefined;
  let isMaking = false;
  const isOfNow = (made: Pick<Ready, 'candidate' | 'base' | 'config'>): boolean => {
    const { state } = candidate;
    const isAsked = state.state === 'comparing' && state.model === made.candidate;
    return isAsked && made.base === policies() && made.config === config();
  };
  const make = async (wanted: Pick<Ready, 'candidate' | 'base' | 'config'>, model: PolicyModel): Promise<void> => {
    const { allowEmpty } = wanted.config.policies;
    const check = checkOptions(wanted.config);
    const replayOf = async (of: PolicyModel, kept: Compilations): Promise<LogReplay | undefined> => {
      const work = snapshotWork(of, { allowEmpty, compilations: kept });
      const snapshot = await finishInSlices(work, SLICE_MS, () => isOfNow(wanted));
      const deps = { model: of, allowEmpty, ownPrefixes: check.ownPrefixes, options: check };
      return snapshot && createLogReplay({ ...deps, snapshot });
    };
    const beside = await replayOf(model, compilations.beside);
    const inForce = beside && (await replayOf(wanted.base, compilations.inForce));
    if (beside !== undefined && inForce !== undefined) ready = { ...wanted, beside, inForce };
  };
  return () => {
    const { state } = candidate;
    if (ready !== undefined && isOfNow(ready)) return ready;
    const model = candidate.model();
    if (isMaking || state.state !== 'comparing' || model === undefined) return undefined;
    isMaking = true;
    // What cannot be compiled is skipped here; deciders say why.
    make({ candidate: state.model, base: policies(), config: config() }, model)
      .catch(() => undefined)
      .finally(() => {
        isMaking = false;
      });
    return undefined;
  };
}

/** Time that may be taken in each second. */
function createShare(nowMs: () => number) {
  let second = 0;
  let takenMs = 0;
  return {
    hasSome(): boolean {
      const now = Math.floor(nowMs() / 1_000);
      if (now !== second) [second, takenMs] = [now, 0];
      return takenMs < MOST_MS;
    },
    take(ms: number): void {
      takenMs += ms;
    },
  };
}
