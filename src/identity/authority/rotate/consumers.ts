/**
 * Tracks which consumer holds which bundle: its acknowledgements, remembered while it is here, and afterwards as long as it holds
 * something of which they say more than the ledger does.
 *
 * Forgetting one that has left never opens a gate: what it holds stands in the ledger, and counts as without the root until it expires.
 * @module
 */
import type { Acknowledgement, Channel } from '../../source/identity-source.ts';
import type { AuthorityUse } from '../store/state.ts';
import type { Consumer } from '../store/store.ts';
import { bundled, isAnonymous } from './gate.ts';

const MAX_SENT = 16;

/** What each consumer is known to hold. */
export interface ConsumerTracker {
  readonly all: ReadonlyMap<string, Consumer>;
  /** Takes in one acknowledgement; sequences never go back. */
  acknowledge(acknowledgement: Acknowledgement, atMs: number): void;
  /** The consumer's stream has ended. */
  forget(consumer: string, atMs: number): void;
  /** An SVID was issued to it that expires then, in milliseconds since 1970; it may have sent no word yet. */
  issued(consumer: string, notAfterAt: number): void;
  /** An SVID was renewed on the consumer's own stream, after those bundles had been sent to it; not for SDS, where it acknowledges. */
  renewed(consumer: string, atMs: number): void;
  /** What has changed since it was last taken, to be stored. */
  takeChanged(): readonly Consumer[];
  /** Returns what could not be stored, to be taken again. */
  returnChanged(consumers: readonly Consumer[]): void;
  /** Forgets for good the consumers that left and hold nothing at `atMs`; where that is unknown, those that left before `leftBefore`. */
  prune(atMs: number, leftBefore: number): void;
  /** Names of at most so many that are forgotten and may still be stored; none while there are fewer than `least`. */
  takeForgotten(most: number, least: number): readonly string[];
  /** Their removal from the store is over: who has come back meanwhile is stored again, and all are removed again where it failed. */
  removed(names: readonly string[], isDone: boolean): void;
  /** Begins to take in all that is stored. */
  learn(alive: readonly string[]): Learning;
}

/** Takes in what is stored. */
export interface Learning {
  /** A page of it, where it is newer; a consumer of a process that is gone is not connected any more. */
  take(stored: readonly Consumer[]): void;
  /** That was all: what other processes have forgotten is forgotten here. */
  end(): void;
}

const usualKinds: Record<Channel, readonly AuthorityUse[]> = {
  'workload-api': ['x509'],
  sds: ['x509'],
  'istio-ca': ['x509'],
  'pod-certificate': ['x509'],
  'bundle-endpoint': ['x509', 'jwt'],
  oidc: ['jwt'],
  self: ['x509'],
  admin: ['x509'],
  feed: ['x509'],
  look: ['x509'],
};

/** Channels whose consumers are connections, which never come back by their names. */
const perConnection: ReadonlySet<Channel> = new Set(['workload-api', 'sds']);

/** Says of one that has left whether a gate may learn more from it than from the ledger. */
function saysMore({ channel, heldUntil, sent, ...reached }: Consumer): boolean {
  if (!perConnection.has(channel)) return true;
  if (heldUntil === 0) return false;
  if (!bundled.has(channel)) return true;
  // Its certificates came with the only bundle that it ever had: the ledger has its sequence.
  const last = Math.max(reached.acknowledgedSequence, reached.renewedSequence, reached.refusedSequence);
  return sent.length > 1 || last > (sent[0]?.sequence ?? 0);
}

/**
 * Creates an empty tracker for the process `replica`.
 *
 * @param isShared  other processes have the store too: one that is silent may live, and only who has said so has left it
 */
export function createConsumerTracker(replica: string, isShared: boolean): ConsumerTracker {
  const all = new Map<string, Consumer>();
  const changed = new Set<string>();
  const forgotten = new Set<string>();
  /** Of consumers that have sent no word yet. */
  const heldUntil = new Map<string, number>();

  const put = (consumer: Consumer): void => {
    all.set(consumer.consumer, consumer);
    changed.add(consumer.consumer);
    forgotten.delete(consumer.consumer);
  };
  const drop = (name: string): void => {
    all.delete(name);
    changed.delete(name);
    forgotten.add(name);
  };
  const firstOf = (acknowledgement: Acknowledgement): Consumer => {
    const held = heldUntil.get(acknowledgement.consumer) ?? 0;
    heldUntil.delete(acknowledgement.consumer);
    return { ...unknownConsumer(acknowledgement), heldUntil: held };
  };
  return {
    all,
    acknowledge(acknowledgement, atMs) {
      const known = all.get(acknowledgement.consumer) ?? firstOf(acknowledgement);
      put({ ...acknowledged(known, acknowledgement, atMs), replica });
    },
    forget(name, atMs) {
      heldUntil.delete(name);
      const known = all.get(name);
      if (!known) return;
      const left = { ...known, connected: false, lastSeenAt: atMs };
      if (saysMore(left)) put(left);
      else drop(name);
    },
    issued(name, notAfterAt) {
      const known = all.get(name);
      if (!known) heldUntil.set(name, Math.max(notAfterAt, heldUntil.get(name) ?? 0));
      else if (known.heldUntil !== undefined) put({ ...known, heldUntil: Math.max(notAfterAt, known.heldUntil) });
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
    prune(atMs, leftBefore) {
      for (const { consumer, connected, channel, lastSeenAt, heldUntil: until } of all.values()) {
        const isOver = until === undefined || isAnonymous(channel) ? lastSeenAt < leftBefore : until < atMs;
        if (!connected && isOver) drop(consumer);
      }
    },
    takeForgotten(most, least) {
      if (forgotten.size < least) return [];
      const names = [...forgotten.values().take(most)];
      for (const name of names) forgotten.delete(name);
      return names;
    },
    removed(names, isDone) {
      for (const name of names) {
        if (all.has(name)) changed.add(name);
        else if (!isDone) forgotten.add(name);
      }
    },
    learn(alive) {
      const seen = new Set<string>();
      return {
        take(stored) {
          for (const each of stored) {
            seen.add(each.consumer);
            if (changed.has(each.consumer) || forgotten.has(each.consumer)) continue;
            const known = all.get(each.consumer);
            const isOurs = each.replica === replica;
            if (known?.replica === replica && (isOurs || known.lastSeenAt >= each.lastSeenAt)) continue;
            const connected = each.connected && alive.includes(each.replica);
            const maybeHere = each.connected && (connected || isShared);
            // Of our own we know all: this one was stored while it left.
            if (isOurs || !(maybeHere || saysMore(each))) drop(each.consumer);
            else
              all.set(each.consumer, { ...each, connected, ...(maybeHere && !connected && { heldUntil: undefined }) });
          }
        },
        end() {
          for (const each of all.values())
            if (each.replica !== replica && !seen.has(each.consumer)) all.delete(each.consumer);
        },
      };
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

function acknowledged(
  known: Consumer,
  { sequence, grade, spiffeIds, kinds, anew = false }: Acknowledgement,
  atMs: number,
): Consumer {
  const before = anew ? [] : known.sent;
  const isNew = grade !== 'refused' && sequence > 0 && !before.some((each) => each.sequence >= sequence);
  return {
    ...known,
    spiffeIds,
    kinds: kinds ?? known.kinds,
    connected: true,
    lastSeenAt: atMs,
    firstSequence: known.firstSequence ?? (isNew && known.sent.length === 0 ? sequence : undefined),
    sent: isNew ? [...before, { sequence, at: atMs }].slice(-MAX_SENT) : before,
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
