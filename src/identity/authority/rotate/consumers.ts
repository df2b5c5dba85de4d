/**
 * Who holds which bundle: every consumer's words, remembered until nothing that it holds can be valid.
 * @module
 */
import type { Acknowledgement, Channel } from '../../source/identity-source.ts';
import type { AuthorityUse } from '../store/state.ts';
import type { Consumer } from '../store/store.ts';

const MAX_SENT = 16;

export interface ConsumerBook {
  readonly all: ReadonlyMap<string, Consumer>;
  /** Takes in one word; sequences never go back. */
  hear(word: Acknowledgement, atMs: number): void;
  /** The consumer's stream has ended. */
  forget(consumer: string, atMs: number): void;
  /** An SVID was renewed on the consumer's own stream, after those bundles had been sent to it; not for SDS, whose consumers answer. */
  renewed(consumer: string, atMs: number): void;
  /** What has changed since it was last taken, to be stored. */
  takeChanged(): readonly Consumer[];
  /** Gives back what could not be stored. */
  returnChanged(consumers: readonly Consumer[]): void;
  /** Forgets for good who left before that instant; answers their names. */
  prune(leftBefore: number): readonly string[];
  /** Takes in what is stored, where it is newer; who talked to a process that is gone is not connected any more. */
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

/** Creates an empty book for the process `replica`. */
export function createConsumerBook(replica: string): ConsumerBook {
  const all = new Map<string, Consumer>();
  const changed = new Set<string>();

  const put = (consumer: Consumer): void => {
    all.set(consumer.consumer, consumer);
    changed.add(consumer.consumer);
  };
  return {
    all,
    hear(word, atMs) {
      put({ ...heard(all.get(word.consumer) ?? unknownConsumer(word), word, atMs), replica });
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

function unknownConsumer(word: Acknowledgement): Consumer {
  return {
    consumer: word.consumer,
    channel: word.channel,
    spiffeIds: [],
    kinds: usualKinds[word.channel],
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

function heard(known: Consumer, word: Acknowledgement, atMs: number): Consumer {
  const { sequence, grade } = word;
  const isNew = grade !== 'refused' && sequence > 0 && !known.sent.some((each) => each.sequence >= sequence);
  return {
    ...known,
    spiffeIds: word.spiffeIds,
    kinds: word.kinds ?? known.kinds,
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
