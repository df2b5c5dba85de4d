/**
 * Tracks which consumer holds which bundle: its acknowledgements, remembered until nothing that it holds can be valid.
 * @module
 */
import type { Acknowledgement, Channel } from '../../source/identity-source.ts';
import type { AuthorityUse } from '../store/state.ts';
import type { Consumer } from '../store/store.ts';

const MAX_SENT = 16;

/** What each consumer is known to hold. */
export interface ConsumerTracker {
  readonly all: ReadonlyMap<string, Consumer>;
  /** Takes in one acknowledgement; sequences never go back. */
  acknowledge(acknowledgement: Acknowledgement, atMs: number): void;
  /** The consumer's stream has ended. */
  forget(consumer: string, atMs: number): void;
  /** An SVID was renewed on the consumer's own stream, after those bundles had been sent to it; not for SDS, where it acknowledges. */
  renewed(consumer: string, atMs: number): void;
  /** What has changed since it was last taken, to be stored. */
  takeChanged(): readonly Consumer[];
  /** Returns what could not be stored, to be taken again. */
  returnChanged(consumers: readonly Consumer[]): void;
  /** Forgets for good the consumers that left before that instant, in milliseconds since 1970; returns their names. */
  prune(leftBefore: number): readonly string[];
  /** Takes in what is stored, where it is newer; a consumer of a process that is gone is not connected any more. */
  merge(stored: readonly Consumer[], alive: readonly string[]): void;
}

const usualKinds: Record<Channel, readonly AuthorityUse[]> = {
  'workload-api': ['x509'],
  sds: ['x509'],
  'istio-ca': ['x509'],
  'bundle-endpoint': ['x509', 'jwt'],
  oidc: ['jwt'],
  self: ['x509'],
  admin: ['x509'],
  feed: ['x509'],
  look: ['x509'],
};

/** Creates an empty tracker for the process `replica`. */
export function createConsumerTracker(replica: string): ConsumerTracker {
  const all = new Map<string, Consumer>();
  const changed = new Set<string>();

  const put = (consumer: Consumer): void => {
    all.set(consumer.consumer, consumer);
    changed.add(consumer.consumer);
  };
  return {
    all,
    acknowledge(acknowledgement, atMs) {
      const known = all.get(acknowledgement.consumer) ?? unknownConsumer(acknowledgement);
      put({ ...acknowledged(known, acknowledgement, atMs), replica });
    },
    forget(name, atMs) {
      const known = all.get(name);
      if (known) put({ ...known, connected: false, lastSeenAt: atMs });
    },
    renewed(name, atMs) {
      const known = all.get(name);
      const sent = known?.sent.at(-1);
      if (!known || !sent) return;
      if (sent.sequence > known.renewedSequence)
        put({ ...known, renewedSequence: sent.sequence, lastGrade: 'renewed', lastSeenAt: atMs });
    },
    takeChanged() {
      const taken = [...changed].flatMap((name) => all.get(name) ?? []);
      changed.clear();
      return taken;
    },
    returnChanged(consumers) {
      for (const { consumer } of consumers) changed.add(consumer);
    },
    prune(leftBefore) {
      const gone = [...all.values()].filter((each) => !each.connected && each.lastSeenAt < leftBefore);
      for (const { consumer } of gone) {
        all.delete(consumer);
        changed.delete(consumer);
      }
      return gone.map((each) => each.consumer);
    },
    merge(stored, alive) {
      for (const each of stored) {
        if (changed.has(each.consumer)) continue;
        const known = all.get(each.consumer);
        if (known?.replica === replica && known.lastSeenAt >= each.lastSeenAt) continue;
        all.set(each.consumer, { ...each, connected: each.connected && alive.includes(each.replica) });
      }
    },
  };
}

function unknownConsumer({ consumer, channel }: Acknowledgement): Consumer {
  return {
    consumer,
    channel,
    spiffeIds: [],
    kinds: usualKinds[channel],
    connected: true,
    replica: '',
    lastSeenAt: 0,
    sent: [],
    acknowledgedSequence: 0,
    renewedSequence: 0,
    refusedSequence: 0,
    lastGrade: 'sent',
  };
}

function acknowledged(known: Consumer, { sequence, grade, spiffeIds, kinds }: Acknowledgement, atMs: number): Consumer {
  const isNew = grade !== 'refused' && sequence > 0 && !known.sent.some((each) => each.sequence >= sequence);
  return {
    ...known,
    spiffeIds,
    kinds: kinds ?? known.kinds,
    connected: true,
    lastSeenAt: atMs,
    firstSequence: known.firstSequence ?? (isNew && known.sent.length === 0 ? sequence : undefined),
    sent: isNew ? [...known.sent, { sequence, at: atMs }].slice(-MAX_SENT) : known.sent,
    acknowledgedSequence:
      grade === 'acknowledged' ? Math.max(known.acknowledgedSequence, sequence) : known.acknowledgedSequence,
    renewedSequence: grade === 'renewed' ? Math.max(known.renewedSequence, sequence) : known.renewedSequence,
    refusedSequence: grade === 'refused' ? Math.max(known.refusedSequence, sequence) : known.refusedSequence,
    lastGrade: grade,
    latencyMs: grade === 'acknowledged' ? (latencyOf(known, sequence, atMs) ?? known.latencyMs) : known.latencyMs,
  };
}

/** Measured once a bundle: a second acknowledgement of the same one says nothing. */
function latencyOf(known: Consumer, sequence: number, atMs: number): number | undefined {
  if (known.acknowledgedSequence >= sequence) return undefined;
  const sentAt = known.sent.findLast((each) => each.sequence === sequence)?.at;
  return sentAt === undefined ? undefined : Math.max(0, atMs - sentAt);
}
