/**
 * The deciders elsewhere that follow now, and what each of them decides by.
 * @module
 */
import type { Holding } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';

export interface Follower {
  readonly decider: string;
  readonly bundleSequence: number;
  /** -1 before it has said. */
  readonly revocationSequence: number;
  readonly peersWithCertificate: number;
  readonly peersWithout: number;
  /** Milliseconds since 1970. */
  readonly lastSeenAt: number;
}

export interface Followers {
  all(): readonly Follower[];
  joined(stream: object, decider: string, atMs: number): void;
  heard(stream: object, holding: Holding, atMs: number): void;
  /**
   * Answers whether no other stream of the same decider is open.
   * @param atMs  undefined: it is not missed
   */
  left(stream: object, atMs: number | undefined): boolean;
  /** Deciders that followed within the last hour and do not now: they decide by what they knew, or follow another replica. */
  missing(atMs: number): readonly { readonly decider: string; readonly leftAt: number }[];
  /** Resolves when every follower refuses by the revocations of that sequence: false if one does not within `timeoutMs`. */
  revokedBy(sequence: number, timeoutMs: number): Promise<boolean>;
}

const REMEMBERED_MS = 60 * 60_000;

/** Creates an empty book. */
export function createFollowers(): Followers {
  const streams = new Map<object, Follower>();
  const gone = new Map<string, number>();
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const each of [...waiting]) each();
  };
  return {
    all: () => [...streams.values()],
    joined(stream, decider, lastSeenAt) {
      gone.delete(decider);
      streams.set(stream, {
        decider,
        bundleSequence: 0,
        revocationSequence: -1,
        peersWithCertificate: 0,
        peersWithout: 0,
        lastSeenAt,
      });
    },
    heard(stream, holding, lastSeenAt) {
      const known = streams.get(stream);
      if (known === undefined) return;
      streams.set(stream, {
        decider: known.decider,
        bundleSequence: Number(holding.bundleSequence),
        revocationSequence: Number(holding.revocationSequence),
        peersWithCertificate: Number(holding.peersWithCertificate),
        peersWithout: Number(holding.peersWithout),
        lastSeenAt,
      });
      look();
    },
    left(stream, atMs) {
      const decider = streams.get(stream)?.decider ?? '';
      streams.delete(stream);
      const isLast = ![...streams.values()].some((each) => each.decider === decider);
      if (isLast && atMs !== undefined) gone.set(decider, atMs);
      look();
      return isLast;
    },
    missing(atMs) {
      for (const [decider, leftAt] of gone) if (atMs - leftAt > REMEMBERED_MS) gone.delete(decider);
      return [...gone].map(([decider, leftAt]) => ({ decider, leftAt }));
    },
    revokedBy: (sequence, timeoutMs) =>
      new Promise((resolve) => {
        const done = (reached: boolean): void => {
          clearTimeout(timer);
          waiting.delete(attempt);
          resolve(reached);
        };
        const attempt = (): void => {
          if ([...streams.values()].every(({ revocationSequence }) => revocationSequence >= sequence)) done(true);
        };
        const timer = setTimeout(() => done(false), timeoutMs);
        waiting.add(attempt);
        attempt();
      }),
  };
}
