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
  left(stream: object): void;
  /** Resolves when every follower refuses by the revocations of that sequence: false if one does not within `timeoutMs`. */
  revokedBy(sequence: number, timeoutMs: number): Promise<boolean>;
}

/** Creates an empty book. */
export function createFollowers(): Followers {
  const streams = new Map<object, Follower>();
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const each of [...waiting]) each();
  };
  return {
    all: () => [...streams.values()],
    joined(stream, decider, lastSeenAt) {
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
    left(stream) {
      streams.delete(stream);
      look();
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
