/**
 * What deciders elsewhere have reported of what they saw, each under the name of its certificate, and the way to ask them.
 *
 * A decider is believed for what it saw itself: nothing that it says is under another's name, and all that is held of it is bounded.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Answer, Question, Report, ReportsWanted } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';
import { createPastRules, type PastRules } from './past-rules.ts';
import { createQuestions, type Questions } from './questions.ts';
import { createReportRows, MOST_REQUESTS, MOST_RULES, type ReportedCounts, type ReportRows } from './report-rows.ts';
import { createReportedDecisions, type ReportedDecision, type ReportedDecisions } from './reported-decisions.ts';

/** A decider elsewhere and its numbers. */
export interface ReportingDecider {
  readonly decider: string;
  /** `silent`: it does not follow. `mute`: it follows, and reports nothing now: what it said before is old. */
  readonly state: 'reporting' | 'silent' | 'mute';
  readonly why: string;
  /** Milliseconds since 1970: when it was heard last; undefined: never. */
  readonly lastAt: number | undefined;
  /** Undefined: it has never reported. */
  readonly counts: ReportedCounts | undefined;
  readonly decisions: readonly ReportedDecision[];
}

/** One stream of a decider. */
export interface ReportingStream {
  /** What the authority takes now. */
  wanted(): Pick<ReportsWanted, 'deniesPerSecond' | 'allowsPerSecond' | 'rules' | 'requests'> | undefined;
  newQuestions(): Question[];
  /** @throws GatehouseError `message_invalid` for what no decider says */
  report(report: Report, atMs: number): void;
  answer(answer: Answer): void;
  left(): void;
}

/** All of them. */
export interface DeciderReports {
  /** @param wake  called when there is something to send to it */
  joined(decider: string, wake: () => void): ReportingStream;
  /** By name; those that hold a certificate and were never heard are silent too. */
  all(): readonly ReportingDecider[];
  /** Names that hold a living certificate: a decider is remembered as long as it has one, and an hour after its last word. */
  known(names: ReadonlySet<string>, atMs: number): void;
  /** Which deciders say that they made a decision. */
  makersOf(decisionId: string): readonly string[];
  /** @throws GatehouseError `unreachable` for one that does not follow or does not answer */
  ask(decider: string, decisionId: string): Promise<Uint8Array>;
}

interface Known {
  /** Its latest stream alone counts. */
  stream: object | undefined;
  questions: Questions | undefined;
  rows: ReportRows | undefined;
  /** Those of the latest stream, until all of them have come. */
  coming: ReportRows | undefined;
  lastAt: number | undefined;
  /** What it counted of rules before it was started again. */
  readonly past: PastRules;
  readonly decisions: ReportedDecisions;
  readonly epochs: Set<string>;
}

/** Of the certificates that are given one is seldom off: past them reports are not taken. */
const MOST_DECIDERS = 500;
const MOST_EPOCHS = 64;
const REMEMBERED_MS = 60 * 60_000;
/** A decider reports every second. */
const STALE_MS = 15_000;
const EPOCH = /^[0-9A-Za-z_-]{11}$/;
/** Of all deciders together, shared alike. */
const DENIES_PER_SECOND = 1_000;
const ALLOWS_PER_SECOND = 200;
/** Of one decider. */
const MOST_DENIES_PER_SECOND = 500;
const MOST_ALLOWS_PER_SECOND = 100;

/** Creates an empty book. */
export function createDeciderReports(now: () => number = Date.now): DeciderReports {
  const deciders = new Map<string, Known>();
  let living: ReadonlySet<string> = new Set();

  const enter = (decider: string): Known | undefined => {
    const known = deciders.get(decider);
    if (known !== undefined || deciders.size >= MOST_DECIDERS) return known;
    const fresh: Known = {
      ...{ stream: undefined, questions: undefined, rows: undefined, coming: undefined, lastAt: undefined },
      past: createPastRules(),
      decisions: createReportedDecisions(),
      epochs: new Set(),
    };
    deciders.set(decider, fresh);
    return fresh;
  };
  const following = (): number => [...deciders.values()].filter(({ stream }) => stream !== undefined).length;
  return {
    joined(decider, wake) {
      const known = enter(decider);
      if (known === undefined) return unheard;
      known.questions?.close('follows anew');
      const questions = createQuestions(decider, wake);
      const stream = {};
      const isLatest = (): boolean => known.stream === stream;
      known.coming = createReportRows();
      known.stream = stream;
      known.questions = questions;
      return {
        wanted: () => (isLatest() ? shareOf(following()) : undefined),
        newQuestions: () => questions.takeNew(),
        report(report, atMs) {
          if (!isLatest() || known.coming === undefined) return;
          known.coming.take(report);
          // Until every row has come, what was held before stays.
          if (known.coming.isComplete && known.rows !== known.coming) {
            known.past.replaced(known.rows?.counts(), known.coming.counts().sinceAt);
            known.rows = known.coming;
          }
          known.lastAt = atMs;
          for (const decision of report.decisions) known.decisions.add(decision);
          for (const epoch of report.epochs) noteEpoch(known.epochs, epoch);
        },
        answer: (answer) => questions.hear(answer),
        left() {
          questions.close('has left meanwhile');
          if (!isLatest()) return;
          known.stream = undefined;
          known.questions = undefined;
          known.coming = undefined;
        },
      };
    },
    all: () =>
      [...new Set([...living, ...deciders.keys()])]
        .sort()
        .map((decider) => reporting(decider, deciders.get(decider), now())),
    known(names, atMs) {
      living = names;
      for (const [decider, { stream, lastAt = 0 }] of deciders)
        if (stream === undefined && !names.has(decider) && atMs - lastAt > REMEMBERED_MS) deciders.delete(decider);
    },
    makersOf: (id) =>
      [...deciders].flatMap(([decider, { decisions, epochs }]) =>
        decisions.has(id) || epochs.has(id.slice(0, 11)) ? [decider] : [],
      ),
    async ask(decider, decisionId) {
      const questions = deciders.get(decider)?.questions;
      if (questions !== undefined) return questions.ask(decisionId);
      throw new GatehouseError(
        'unreachable',
        `the decider ${decider} made this decision and does not follow this server now: ask it there, or when it is back`,
        { decider },
      );
    },
  };
}

function reporting(decider: string, known: Known | undefined, nowMs: number): ReportingDecider {
  const reported = known?.rows?.counts();
  const counts = reported && known?.past.with(reported);
  const { stream, lastAt } = known ?? {};
  const isTold = known?.rows !== undefined && known.rows === known.coming && nowMs - (lastAt ?? 0) < STALE_MS;
  return {
    ...{ decider, lastAt, counts },
    decisions: known?.decisions.all() ?? [],
    ...standingOf(stream !== undefined, isTold, lastAt),
  };
}

function standingOf(
  follows: boolean,
  isTold: boolean,
  lastAt: number | undefined,
): Pick<ReportingDecider, 'state' | 'why'> {
  if (follows && isTold) return { state: 'reporting', why: '' };
  if (follows)
    return { state: 'mute', why: 'it follows and reports nothing: it has just begun, hangs, or its version does not' };
  const heard = lastAt === undefined ? 'has not reported since this server was started' : 'does not follow now';
  return { state: 'silent', why: `it ${heard}: it is off, cut off, or follows another replica` };
}

/** The latest stay. */
function noteEpoch(epochs: Set<string>, epoch: string): void {
  if (!EPOCH.test(epoch)) return;
  epochs.delete(epoch);
  epochs.add(epoch);
  if (epochs.size > MOST_EPOCHS) epochs.delete(epochs.values().next().value ?? '');
}

function shareOf(following: number): ReturnType<ReportingStream['wanted']> {
  const share = (all: number, most: number): number => Math.max(1, Math.min(most, Math.floor(all / following)));
  return {
    deniesPerSecond: share(DENIES_PER_SECOND, MOST_DENIES_PER_SECOND),
    allowsPerSecond: share(ALLOWS_PER_SECOND, MOST_ALLOWS_PER_SECOND),
    rules: MOST_RULES,
    requests: MOST_REQUESTS,
  };
}

const unheard: ReportingStream = {
  wanted: () => undefined,
  newQuestions: () => [],
  report: () => undefined,
  answer: () => undefined,
  left: () => undefined,
};
