/**
 * What a decider counts: plain numbers, which the server adds up over deciders and exports.
 * @module
 */
import type { Decision, Reason } from '../../policy/decision.ts';

/** Upper bounds of the latency buckets, in seconds; one more bucket holds the rest. */
export const latencyBounds = [
  1e-6, 2e-6, 3e-6, 5e-6, 7.5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 5e-2, 0.1,
] as const;

/** Counts since the last `take`. Plain data. */
export interface CheckCounts {
  readonly decisions: readonly {
    readonly decision: Decision['effect'];
    readonly reason: Reason;
    readonly count: number;
  }[];
  /** Checks by latency, one count a bucket of `latencyBounds` and one for the rest; not cumulative. */
  readonly latency: readonly number[];
  readonly latencySumSeconds: number;
  /** Peers with a certificate that our bundles do not vouch for (`verifyPeer: observe` counts, `enforce` denies). */
  readonly unverifiedPeers: number;
  /** Requests that may be read in two ways (`ambiguousRequests: deny` denies them). */
  readonly ambiguousRequests: number;
  /** Peers whose certificate came with the question, and peers of whom there was only a name. */
  readonly peersWithCertificate: number;
  readonly peersWithout: number;
}

/** Counts Checks by outcome and by the time that they took. */
export class CheckCounters {
  readonly #decisions = new Map<string, { decision: Decision['effect']; reason: Reason; count: number }>();
  readonly #byDecision = new WeakMap<Decision, { count: number }>();
  #latency = new Float64Array(latencyBounds.length + 1);
  #latencySumMs = 0;
  unverifiedPeers = 0;
  ambiguousRequests = 0;
  peersWithCertificate = 0;
  peersWithout = 0;

  /** Counts one Check that took `tookMs`. */
  count(decision: Decision, tookMs: number): void {
    let entry = this.#byDecision.get(decision);
    if (entry === undefined) {
      entry = this.#entryOf(decision);
      this.#byDecision.set(decision, entry);
    }
    entry.count++;
    const seconds = tookMs / 1000;
    let bucket = 0;
    while (bucket < latencyBounds.length && seconds > latencyBounds[bucket]!) bucket++;
    this.#latency[bucket]!++;
    this.#latencySumMs += tookMs;
  }

  #entryOf({ effect, reason }: Decision): { count: number } {
    const name = `${effect} ${reason}`;
    const known = this.#decisions.get(name);
    if (known !== undefined) return known;
    const entry = { decision: effect, reason, count: 0 };
    this.#decisions.set(name, entry);
    return entry;
  }

  /** What was counted since the last call; counting begins anew. */
  take(): CheckCounts {
    const entries = [...this.#decisions.values()];
    const counts: CheckCounts = {
      decisions: entries.filter(({ count }) => count > 0).map((entry) => ({ ...entry })),
      latency: [...this.#latency],
      latencySumSeconds: this.#latencySumMs / 1000,
      unverifiedPeers: this.unverifiedPeers,
      ambiguousRequests: this.ambiguousRequests,
      peersWithCertificate: this.peersWithCertificate,
      peersWithout: this.peersWithout,
    };
    for (const entry of entries) entry.count = 0;
    this.#latency = new Float64Array(latencyBounds.length + 1);
    this.#latencySumMs = 0;
    this.unverifiedPeers = 0;
    this.ambiguousRequests = 0;
    this.peersWithCertificate = 0;
    this.peersWithout = 0;
    return counts;
  }
}
