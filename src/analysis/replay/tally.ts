/**
 * Adds up what replayed decisions came to, by who asked whom and what decided; bounded, however long the log.
 * @module
 */
import { nameOf } from '../../authz/answer/respond.ts';
import type { LoggedDecision } from './logged-decision.ts';
import type { PlaceOfRule } from './place-of-rule.ts';
import type { Replayed } from './replay.ts';

/** What decided, or would. */
export interface DecidedBy {
  readonly decision: 'allow' | 'deny';
  readonly reason: string;
  readonly plane?: string;
  readonly stage?: string;
  readonly policy?: string;
  readonly rule?: number;
  /** Of the rule, where it is one of the policies that decide now. */
  readonly file?: string;
  readonly line?: number;
}

/** Decisions that came to the same. */
export interface ReplayGroup {
  readonly result: Replayed['result'];
  readonly from: string;
  readonly to: string;
  readonly was: DecidedBy;
  /** Absent where it cannot be said. */
  readonly now?: DecidedBy;
  /** The fact that the log lacks. */
  readonly lacks?: string;
  count: number;
  /** The id of one of them. */
  readonly example: string;
}

/** All that was read. */
export interface ReplayCounts {
  lines: number;
  /** Lines that hold no decision of ours. */
  foreign: number;
  /** Pieces of decisions, and decisions as a later program writes them: nobody can say of these. */
  cut: number;
  newer: number;
  same: number;
  differs: number;
  unknown: number;
  /** Decisions that were made before the one above them. */
  outOfOrder: number;
  /** RFC 3339; empty without a decision. */
  first: string;
  last: string;
}

const MOST_GROUPS = 10_000;

/** Adds up; `groups` has the rarest lost first: none is added beyond its bound, and `overflow` counts what found no room. */
export class ReplayTally {
  readonly counts: ReplayCounts = {
    ...{ lines: 0, foreign: 0, cut: 0, newer: 0, same: 0, differs: 0, unknown: 0, outOfOrder: 0 },
    ...{ first: '', last: '' },
  };
  readonly groups = new Map<string, ReplayGroup>();
  overflow = 0;
  #lastAt = '';

  /** Counts one; tells whether it is the first of its group. */
  add(logged: LoggedDecision, replayed: Replayed, now: DecidedBy | undefined): boolean {
    const { counts } = this;
    counts[replayed.result]++;
    this.#note(logged.at);
    if (replayed.result === 'same') return false;
    const was = wasOf(logged);
    const from = logged.source?.principal || logged.source?.address || '';
    const to = logged.destination?.spiffeId ?? '';
    const lacks = replayed.result === 'unknown' ? replayed.lacks : undefined;
    const key = JSON.stringify([replayed.result, from, to, was, now, lacks]);
    const known = this.groups.get(key);
    if (known !== undefined) known.count++;
    else if (this.groups.size >= MOST_GROUPS) this.overflow++;
    else {
      const { result } = replayed;
      this.groups.set(key, {
        result,
        from,
        to,
        was,
        ...(now && { now }),
        ...(lacks && { lacks }),
        count: 1,
        example: logged.id,
      });
      return true;
    }
    return false;
  }

  #note(at: string): void {
    const { counts } = this;
    if (at < this.#lastAt) counts.outOfOrder++;
    this.#lastAt = at;
    if (counts.first === '' || at < counts.first) counts.first = at;
    if (at > counts.last) counts.last = at;
  }

  /** Decisions that were read, or of which a piece was. */
  get decisions(): number {
    const { same, differs, unknown, cut, newer } = this.counts;
    return same + differs + unknown + cut + newer;
  }

  /** The share of decisions of which nobody can say, from 0 to 100. */
  get cannotSayPercent(): number {
    const { unknown, cut, newer } = this.counts;
    return this.decisions === 0 ? 100 : ((unknown + cut + newer) * 100) / this.decisions;
  }
}

/** What the log says decided. */
export function wasOf({ decision, reason, plane, stage, policy, rule }: LoggedDecision): DecidedBy {
  return {
    decision,
    reason,
    ...(plane !== undefined && { plane }),
    ...(stage !== undefined && { stage }),
    ...(policy !== undefined && { policy }),
    ...(rule !== undefined && { rule }),
  };
}

/** What decides now. */
export function nowOf(replayed: Replayed, placeOf: PlaceOfRule): DecidedBy | undefined {
  if (replayed.result === 'unknown') return undefined;
  const { effect, reason, plane, stage, policy, rule } = replayed.now;
  const place = placeOf(replayed.now);
  return {
    decision: effect,
    reason,
    ...(plane && { plane }),
    ...(stage && { stage }),
    ...(policy && { policy: nameOf(policy)! }), // of a policy there is one
    ...(rule !== undefined && { rule }),
    ...(place && { file: place.file, line: place.line }),
  };
}
