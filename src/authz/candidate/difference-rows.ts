/**
 * Differences between the candidate set and what is in force, of one decider: one row a kind, of which the rare ones are never pushed out
 * by many of another kind.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import type { TokenOutcome } from '../jwt/token-outcome.ts';
import type { RingEntry } from '../record/ring.ts';
import type { CandidateVerdict } from './difference.ts';

/** Differences that are alike: caller, destination, method, and both decisions. */
export interface DifferenceRow<Entry = RingEntry, Tokens = TokenOutcome> {
  /** The first name of the peer; a byte string. */
  readonly caller: string;
  /** A byte string; empty where the request has none. */
  readonly method: string;
  readonly candidate: CandidateVerdict;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** One of them. */
  readonly example: Entry;
  /** What became of its tokens by the candidate's rules. */
  readonly exampleTokens: Tokens | undefined;
}

/** What one difference is told apart by. */
export interface DifferenceKind {
  readonly caller: string;
  readonly method: string;
  readonly destination: RingEntry['destination'];
  readonly made: Decision;
  readonly said: Decision;
}

/** Rows since the last `take`, and what found none. */
export interface TakenDifferences {
  readonly rows: readonly DifferenceRow[];
  /** Differences that are counted in no row: there were too many kinds. */
  readonly pushedOut: number;
}

type Changing<T> = { -readonly [K in keyof T]: T[K] };

interface Kept {
  readonly kind: DifferenceKind;
  readonly row: Changing<DifferenceRow>;
}

const MOST_ROWS = 256;
/** A SPIFFE ID has at most 2,048 (SPIFFE-ID §2.3). */
const LONGEST_NAME = 2_048;

/** Collects them; `most` rows at a time. */
export class DifferenceRows {
  readonly #most: number;
  #byCaller = new Map<string, Kept[]>();
  #rows = 0;
  #pushedOut = 0;

  constructor(most: number = MOST_ROWS) {
    this.#most = most;
  }

  /** Counts one of a kind that has a row; false: it has none. */
  count(kind: DifferenceKind, nowMs: number): boolean {
    const kept = this.#byCaller.get(kind.caller);
    if (kept === undefined) return false;
    for (let i = 0; i < kept.length; i++) {
      const { kind: known, row } = kept[i]!;
      if (!isSameKind(known, kind)) continue;
      row.count++;
      row.lastAt = nowMs;
      return true;
    }
    return false;
  }

  /** Begins a row, if there is room. @param rowOf  what there is to show of it */
  begin(
    kind: DifferenceKind,
    nowMs: number,
    rowOf: () => Pick<DifferenceRow, 'candidate' | 'example' | 'exampleTokens'>,
  ): void {
    const { caller, method } = kind;
    if (this.#rows >= this.#most || caller.length > LONGEST_NAME || method.length > LONGEST_NAME) {
      this.#pushedOut++;
      return;
    }
    this.#rows++;
    const kept = this.#byCaller.get(caller) ?? [];
    this.#byCaller.set(caller, kept);
    kept.push({ kind, row: { caller, method, count: 1, firstAt: nowMs, lastAt: nowMs, ...rowOf() } });
  }

  /** What was collected since the last call; it begins anew. */
  take(): TakenDifferences {
    const rows = [...this.#byCaller.values()].flatMap((kept) => kept.map(({ row }) => row));
    const taken = { rows, pushedOut: this.#pushedOut };
    this.#byCaller = new Map();
    this.#rows = 0;
    this.#pushedOut = 0;
    return taken;
  }
}

const isSameKind = (one: DifferenceKind, other: DifferenceKind): boolean =>
  one.said === other.said &&
  one.made === other.made &&
  one.destination === other.destination &&
  one.method === other.method;
