/**
 * How much of what costs us work and brings no call a peer may send: a bucket a kind, that fills again with time and with calls
 * that were answered. So an honest client, however busy, never meets it.
 * @module
 */

interface Terms {
  /** How many at once. */
  readonly burst: number;
  readonly perSecond: number;
  /** How many more for every call that was answered. */
  readonly perCall: number;
}

const terms = {
  reset_flood: { burst: 1_000, perSecond: 50, perCall: 1 },
  provoked_resets: { burst: 200, perSecond: 10, perCall: 0.1 },
  refused_streams: { burst: 2_000, perSecond: 50, perCall: 0.5 },
  ping_flood: { burst: 200, perSecond: 20, perCall: 1 },
  settings_flood: { burst: 50, perSecond: 2, perCall: 0 },
  priority_flood: { burst: 1_000, perSecond: 10, perCall: 1 },
  window_update_flood: { burst: 2_000, perSecond: 200, perCall: 3 },
  small_frames: { burst: 1_000, perSecond: 100, perCall: 4 },
  ignored_frames: { burst: 1_000, perSecond: 20, perCall: 0.5 },
} as const satisfies Record<string, Terms>;

/** What a peer may do only so often. */
export type AllowanceKind = keyof typeof terms;

interface Bucket {
  left: number;
  filledAt: number;
  callsSeen: number;
}

/** One connection's buckets; made on first use, since an honest connection may need none. */
export class Allowance {
  readonly #buckets = new Map<AllowanceKind, Bucket>();

  /**
   * Takes one of `kind`. False when there is none left: the connection should end with ENHANCE_YOUR_CALM.
   *
   * @param now    milliseconds of a clock that does not go back
   * @param calls  how many calls this connection has had answered
   */
  spend(kind: AllowanceKind, now: number, calls: number): boolean {
    const { burst, perSecond, perCall } = terms[kind];
    let bucket = this.#buckets.get(kind);
    if (bucket === undefined) {
      bucket = { left: burst, filledAt: now, callsSeen: calls };
      this.#buckets.set(kind, bucket);
    }
    const earned = ((now - bucket.filledAt) / 1_000) * perSecond + (calls - bucket.callsSeen) * perCall;
    bucket.left = Math.min(burst, bucket.left + earned) - 1;
    bucket.filledAt = now;
    bucket.callsSeen = calls;
    return bucket.left >= 0;
  }
}
