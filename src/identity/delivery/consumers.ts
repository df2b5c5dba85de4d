/**
 * Consumers: one connection of one caller by one protocol, with the SVIDs that its streams share and the bundles that they hold.
 *
 * Envoy asks for its certificate and for its roots on two streams of one connection; only together do they say which bundle
 * the holder of that certificate has.
 * @module
 */
import type { Clock } from '../../lib/clock.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { Connection } from '../../transport/listen/connections.ts';
import type { AckGrade, Channel, IdentitySource } from '../source/identity-source.ts';
import { createSharedAnswers, type SharedAnswers } from './shared-answers.ts';
import { createSvidCache, type SvidCache } from './svid-cache.ts';

/** What one stream knows of the bundle at its other end. */
export interface BundleReport {
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
  readonly answers: SharedAnswers;
  /** Passes on what all streams of the consumer that hold a bundle of these kinds have reached: the weakest report counts. */
  tell(report: BundleReport): void;
  /** The sequence of our bundle that every stream of the consumer which takes it has acknowledged; 0: there is none. */
  acknowledged(): number;
  /**
   * Says that the consumer has taken a certificate which was made after it had acknowledged the bundle of that sequence: by then
   * both are in one TLS context, which an acknowledgement of either alone does not prove. 0 says nothing.
   */
  renewed(sequence: number): void;
  /** Says that it was given certificates of these identities. While no stream of the consumer holds a bundle, nobody else would. */
  present(spiffeIds: readonly SpiffeId[]): void;
}

/** All consumers that have a stream open. */
export interface Consumers {
  /** @param signal  aborts with the stream */
  open(connection: Connection, channel: Channel, signal?: AbortSignal): ConsumerStream;
}

/** Creates the book of consumers of one endpoint. */
export function createConsumers(deps: { source: IdentitySource; clock: Clock }): Consumers {
  const open = new Map<string, Consumer>();
  return {
    open({ token }, channel, signal) {
      const name = `${channel}:${token}`;
      let consumer = open.get(name);
      if (consumer === undefined) {
        const { source } = deps;
        const close = (): void => {
          open.delete(name);
          source.forget(name);
        };
        consumer = {
          name,
          channel,
          source,
          close,
          svids: createSvidCache(deps),
          answers: createSharedAnswers(),
          streams: new Set(),
        };
        open.set(name, consumer);
      }
      return new OneStream(consumer, signal);
    },
  };
}

/** It holds JWT keys and no roots. */
const holdsKeys = ({ kinds }: BundleReport): boolean => !kinds.includes('x509');

/** Who takes roots and keys on one connection counts twice: the one may have what the other still lacks. */
const nameOf = (consumer: string, report: BundleReport): string => (holdsKeys(report) ? `${consumer}/jwt` : consumer);

interface Consumer {
  readonly name: string;
  readonly channel: Channel;
  readonly source: IdentitySource;
  readonly svids: SvidCache;
  readonly answers: SharedAnswers;
  readonly streams: Set<OneStream>;
  close(): void;
}

/** There may be tens of thousands: it is one object. */
class OneStream implements ConsumerStream {
  report: BundleReport | undefined;
  readonly #of: Consumer;
  readonly #signal: AbortSignal | undefined;

  constructor(consumer: Consumer, signal: AbortSignal | undefined) {
    this.#of = consumer;
    this.#signal = signal;
    consumer.streams.add(this);
  }

  get consumer(): string {
    return this.#of.name;
  }

  get svids(): SvidCache {
    const [{ svids }, signal] = [this.#of, this.#signal];
    return { get: (request) => svids.get({ ...request, ...(signal && { signal }) }) };
  }

  get answers(): SharedAnswers {
    return this.#of.answers;
  }

  tell(report: BundleReport): void {
    this.report = report;
    const { name, channel, source, streams } = this.#of;
    source.acknowledge({ consumer: nameOf(name, report), channel, ...weakest(report, streams) });
  }

  acknowledged(): number {
    const said = this.#ofRoots();
    return said?.grade === 'acknowledged' ? said.sequence : 0;
  }

  renewed(sequence: number): void {
    const { name, channel, source } = this.#of;
    const said = this.#ofRoots();
    if (sequence > 0 && said !== undefined)
      source.acknowledge({ consumer: name, channel, ...said, sequence, grade: 'renewed' });
  }

  /** The weakest report of the streams that take our roots. */
  #ofRoots(): BundleReport | undefined {
    const { streams } = this.#of;
    for (const { report } of streams) if (report !== undefined && !holdsKeys(report)) return weakest(report, streams);
    return undefined;
  }

  present(spiffeIds: readonly SpiffeId[]): void {
    const { name, channel, source, streams } = this.#of;
    for (const { report } of streams) if (report !== undefined && !holdsKeys(report)) return;
    source.acknowledge({ consumer: name, channel, spiffeIds, sequence: 0, grade: 'sent', kinds: ['x509'] });
  }

  [Symbol.dispose](): void {
    const { name, source, streams, close } = this.#of;
    if (!streams.delete(this)) return;
    const { report } = this;
    const wasLastWithKeys =
      report !== undefined && holdsKeys(report) && ![...streams].some((each) => each.report && holdsKeys(each.report));
    if (wasLastWithKeys) source.forget(nameOf(name, report));
    if (streams.size === 0) close();
  }
}

const strength: Readonly<Record<AckGrade, number>> = { refused: 0, sent: 1, acknowledged: 2, renewed: 3 };

function weakest(said: BundleReport, streams: Iterable<OneStream>): BundleReport {
  let least = said;
  for (const { report } of streams) {
    if (report === undefined || !sameKinds(report.kinds, said.kinds)) continue;
    const difference = report.sequence - least.sequence || strength[report.grade] - strength[least.grade];
    if (difference < 0) least = report;
  }
  return least;
}

function sameKinds(one: BundleReport['kinds'], other: BundleReport['kinds']): boolean {
  return one === other || one.join() === other.join();
}
