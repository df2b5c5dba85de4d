/**
 * What keeps a candidate from being promoted.
 * @module
 */
import type { CandidateAnswer } from '../../../admin-api/candidate.ts';
import { spanText } from '../../terminal/span-text.ts';

/** Refusals that an operator may accept, by name. */
export const acceptable = ['young', 'unseen', 'skipped', 'errors', 'degraded', 'unproved', 'diff_unknown'] as const;

/** Why it is refused; `broken` and `other_files` cannot be accepted: there is nothing to promote. */
export type RefusalCode = (typeof acceptable)[number] | 'broken' | 'other_files';

/** One thing that keeps it from being promoted. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  readonly fix: string;
  readonly accepted: boolean;
}

/** What is known of a candidate. */
export interface KnownOfCandidate {
  readonly answer: CandidateAnswer;
  readonly nowMs: number;
  readonly minAgeMs: number;
  /** Of the files here. */
  readonly digest: string;
  /** What of the policies in force is not what files say. */
  readonly degraded: readonly string[];
  /** Tenants that are not proved to be alone. */
  readonly unproved: readonly string[];
  /** Why the exact diff is not known; empty: it is. */
  readonly diffUnknown: string;
}

/** More than this share of Checks that were not compared could hide anything. */
const MOST_SKIPPED = 0.05;

/** Everything that speaks against it. */
export function refusalsOf(known: KnownOfCandidate, accepted: ReadonlySet<RefusalCode>): readonly Refusal[] {
  return [...reasons(known)].map((each) => ({ ...each, accepted: accepted.has(each.code) }));
}

function* reasons(known: KnownOfCandidate): Iterable<Omit<Refusal, 'accepted'>> {
  const { answer, digest, degraded, unproved, diffUnknown } = known;
  if (answer.state !== 'comparing') {
    const fix = 'mend it: gatehouse policy candidate tells what is wrong';
    yield { code: 'broken', message: answer.why === '' ? 'it is not compared' : answer.why, fix };
    return;
  }
  if (answer.digest !== digest)
    yield {
      code: 'other_files',
      message: 'the files here are not those that the server has compared',
      fix: 'run this where the server reads its files, or wait until it has read them',
    };
  yield* ofTraffic(known);
  if (degraded.length > 0)
    yield {
      code: 'degraded',
      message: `what is in force is not what its files say: ${degraded[0]}`,
      fix: 'mend those files first',
    };
  if (unproved.length > 0)
    yield {
      code: 'unproved',
      message: `with it these tenants are not proved to be alone: ${unproved.join(', ')}`,
      fix: 'gatehouse policy prove shows a request that passes',
    };
  if (diffUnknown !== '')
    yield {
      code: 'diff_unknown',
      message: `what it changes is not known exactly: ${diffUnknown}`,
      fix: 'look at the differences that were seen, and accept it',
    };
}

function* ofTraffic({ answer, nowMs, minAgeMs }: KnownOfCandidate): Iterable<Omit<Refusal, 'accepted'>> {
  const { counts, since, error } = answer;
  const compared = counts.same + counts.allow_to_deny + counts.deny_to_allow + counts.other_answer + counts.error;
  const ageMs = Math.max(0, nowMs - Date.parse(since ?? ''));
  if (!(ageMs >= minAgeMs))
    yield {
      code: 'young',
      message: `it has been compared for ${spanText(ageMs)}, and ${spanText(minAgeMs)} are wanted`,
      fix: 'wait, or give another --min-age',
    };
  if (compared === 0) yield { code: 'unseen', message: 'no Check was compared', fix: 'let traffic come' };
  const untried = counts.skipped + counts.unsaid;
  if (untried > (compared + untried) * MOST_SKIPPED)
    yield {
      code: 'skipped',
      message: `${untried} Checks of ${compared + untried} were not compared`,
      fix:
        counts.unsaid > counts.skipped
          ? 'Envoys that decide themselves do not tell what the candidate asks for: gatehouse policy candidate names it'
          : 'give the deciders more room, or make the candidate smaller',
    };
  if (counts.error > 0)
    yield {
      code: 'errors',
      message: `it failed ${counts.error} times: ${error}`,
      fix: 'this is a fault of the program: report it',
    };
}
