/**
 * Consumers: one connection of one caller by one protocol, with the SVIDs that its streams share and the bundles that they hold.
 *
 * Envoy asks for its certificate and for its roots on two streams of one connection; only together do they say which bundle
 * the holder of that certificate has.
 * @module
 */
import type { Clock } from '../../lib/clock.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { Connection } from '../../transport/connections.ts';
import type { AckGrade, Acknowledgement, Channel, IdentitySource } from './identity-source.ts';
import { createSvidCache, type SvidCache } from './svid-cache.ts';

/** What one stream knows of the bundle at its other end. */
export interface BundleWord {
  readonly spiffeIds: readonly SpiffeId[];
  readonly sequence: number;
  readonly grade: AckGrade;
  readonly kinds: readonly ('x509' | 'jwt')[];
}

/** One stream of a consumer, until disposed. */
export interface ConsumerStream extends Disposable {
  /** As in `Acknowledgement.consumer`. */
  readonly consumer: string;
  /** Shared with the consumer's other streams; what nobody of them waits for any more is given up. */
  readonly svids: SvidCache;
  /** Passes on what all streams of the consumer that hold a bundle of these kinds have reached: the weakest word counts. */
  tell(word: BundleWord): void;
}

export interface Consumers {
  /** @param signal  aborts with the stream */
  open(connection: Connection, channel: Channel, signal?: AbortSignal): ConsumerStream;
}

interface Consumer {
  readonly svids: SvidCache;
  readonly words: Map<object, BundleWord>;
  readonly streams: Set<object>;
}

/** Creates the book of consumers of one endpoint. */
export function createConsumers({ source, clock }: { source: IdentitySource; clock: Clock }): Consumers {
  const open = new Map<string, Consumer>();
  return {
    open({ token }, channel, signal) {
      const name = `${channel}:${token}`;
      const consumer = open.get(name) ?? {
        svids: createSvidCache({ source, clock }),
        words: new Map(),
        streams: new Set(),
      };
      open.set(name, consumer);
      const stream = {};
      consumer.streams.add(stream);
      return {
        consumer: name,
        svids: { get: (request) => consumer.svids.get({ ...request, ...(signal && { signal }) }) },
        tell(word) {
          consumer.words.set(stream, word);
          source.acknowledge(weakest(nameOf(name, word), channel, word, consumer.words.values()));
        },
        [Symbol.dispose]() {
          const word = consumer.words.get(stream);
          consumer.words.delete(stream);
          consumer.streams.delete(stream);
          if (word && holdsKeys(word) && ![...consumer.words.values()].some(holdsKeys))
            source.forget(nameOf(name, word));
          if (consumer.streams.size > 0) return;
          open.delete(name);
          source.forget(name);
        },
      };
    },
  };
}

/** It holds JWT keys and no roots. */
const holdsKeys = ({ kinds }: BundleWord): boolean => !kinds.includes('x509');

/** Who takes roots and keys on one connection counts twice: the one may have what the other still lacks. */
const nameOf = (consumer: string, word: BundleWord): string => (holdsKeys(word) ? `${consumer}/jwt` : consumer);

const strength: Readonly<Record<AckGrade, number>> = { refused: 0, sent: 1, acknowledged: 2, renewed: 3 };

function weakest(consumer: string, channel: Channel, said: BundleWord, all: Iterable<BundleWord>): Acknowledgement {
  let word = said;
  for (const other of all) {
    if (other.kinds.join() !== said.kinds.join()) continue;
    const difference = other.sequence - word.sequence || strength[other.grade] - strength[word.grade];
    if (difference < 0) word = other;
  }
  return { consumer, channel, ...word };
}
