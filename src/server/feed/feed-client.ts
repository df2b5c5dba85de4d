/**
 * Follows an authority elsewhere: holds its bundles and revocations, goes on with what it holds when the authority is away, and
 * never goes back behind it.
 * @module
 */
import { asGatehouseError, type GatehouseError } from '../../errors.ts';
import type { OwnSvid } from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import { callFeed, type FeedCall, type FeedCallDeps, SILENT_MS } from './feed-call.ts';
import { type FeedCredentials, feedError } from './feed-connection.ts';
import { createFeedHeard, type FeedHeard, type FeedHeardDeps } from './feed-heard.ts';
import type { Derive } from './feed-questions.ts';
import type { ReportOutbox } from './report-outbox.ts';

/** What the deciders of this server decide by, and have seen. */
export interface DecidersHold {
  readonly revocationSequence: number;
  readonly peersWithCertificate: number;
  readonly peersWithout: number;
}

export interface FeedClientDeps extends FeedHeardDeps {
  /** Tried in turn. */
  readonly addresses: readonly string[];
  /** Who we are now; `wait`: nobody yet. */
  readonly credentials: (address: string) => FeedCredentials | undefined | 'wait';
  readonly hold: () => DecidersHold;
  readonly outbox: ReportOutbox;
  readonly derive: Derive;
  readonly svid: () => Omit<OwnSvid, '$typeName' | '$unknown'> | undefined;
}

/** What is known of the authority that is followed, and the way to it. */
export interface FeedClient extends AsyncDisposable, Pick<FeedHeard, 'bundles' | 'revocations' | 'ageMs'> {
  /** Why it is not connected; empty while it is. */
  readonly disconnected: Watchable<string>;
  /** Says what we hold, now. */
  tell(): void;
  /** Tries again at once, with new credentials. */
  reconnect(): void;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

/** Starts following. */
export function createFeedClient(deps: FeedClientDeps): FeedClient {
  const { trustDomain, addresses, memory, report, outbox, derive } = deps;
  const heard = createFeedHeard(deps);
  const disconnected = createWatchable('not connected yet');
  const ending = new AbortController();
  let current: FeedCall | undefined;
  let retryNow: () => void = () => undefined;

  const followOnce = async (address: string): Promise<GatehouseError> => {
    const who = deps.credentials(address);
    if (who === 'wait') return asGatehouseError(feedError(null, address));
    const listen = heard.listen();
    const take: FeedCallDeps['take'] = (message) => {
      listen(message);
      if (disconnected.value !== '') disconnected.replace('');
    };
    const holding = () => holdingOf(heard, deps);
    current = callFeed(address, who, { trustDomain, decider: memory.decider, take, holding, outbox, derive });
    return current.ended;
  };

  const run = async (): Promise<void> => {
    let retryMs = FIRST_RETRY_MS;
    for (let turn = 0; !ending.signal.aborted; turn++) {
      const startedAt = performance.now();
      const error = await followOnce(addresses[turn % addresses.length]!);
      if (ending.signal.aborted) return;
      if (disconnected.value !== error.message) {
        disconnected.replace(error.message);
        report(error);
      }
      retryMs = performance.now() - startedAt > SILENT_MS ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS);
      const pause = startPause(retryMs * (0.5 + Math.random() / 2));
      retryNow = pause.end;
      await pause.ended;
    }
  };
  const running = run();

  return {
    bundles: heard.bundles,
    revocations: heard.revocations,
    ageMs: heard.ageMs,
    disconnected,
    tell: () => current?.tell(),
    reconnect: () => retryNow(),
    async [Symbol.asyncDispose]() {
      ending.abort();
      current?.cancel();
      retryNow();
      await running;
    },
  };
}

function holdingOf({ bundles }: FeedHeard, deps: FeedClientDeps): ReturnType<FeedCallDeps['holding']> {
  const { revocationSequence, peersWithCertificate, peersWithout } = deps.hold();
  const svid = deps.svid();
  return {
    bundleSequence: BigInt(bundles.value?.own.sequence ?? 0),
    revocationSequence: BigInt(Math.max(0, revocationSequence)),
    peersWithCertificate: BigInt(peersWithCertificate),
    peersWithout: BigInt(peersWithout),
    ...(svid && { svid: { $typeName: 'gatehouse.feed.v1.OwnSvid', ...svid } }),
  };
}

/** A pause that can be ended early. */
function startPause(ms: number): { readonly ended: Promise<void>; readonly end: () => void } {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const end = (): void => {
    clearTimeout(timer);
    resolve();
  };
  return { ended, end };
}
