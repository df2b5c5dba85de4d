/**
 * Follows an authority elsewhere: holds its bundles and revocations, goes on with what it holds when the authority is away, and
 * never goes back behind it.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { asGatehouseError, type GatehouseError } from '../../errors.ts';
import {
  type Bundles,
  type FollowRequest,
  FollowRequestSchema,
  type FollowResponse,
  HoldingSchema,
  type OwnSvid,
} from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import type { FeedRevocation, FeedRevocations } from '../../identity/delivery/feed/feed-deps.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { BundleSet } from '../../spiffe/bundle.ts';
import { bundleFromJwks } from '../../spiffe/bundle-jwks.ts';
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts';
import { connectFeed, type FeedCredentials, feedError } from './feed-connection.ts';
import type { FeedMemory } from './feed-memory.ts';
import { neverLess } from './never-less.ts';

/** What the deciders of this server decide by, and have seen. */
export interface DecidersHold {
  readonly revocationSequence: number;
  readonly peersWithCertificate: number;
  readonly peersWithout: number;
}

export interface FeedClientDeps {
  readonly trustDomain: TrustDomain;
  /** Tried in turn. */
  readonly addresses: readonly string[];
  readonly memory: FeedMemory;
  /** Who we are now; `wait`: nobody yet. */
  readonly credentials: (address: string) => FeedCredentials | undefined | 'wait';
  readonly hold: () => DecidersHold;
  readonly svid: () => Omit<OwnSvid, '$typeName' | '$unknown'> | undefined;
  /** The authority asks for a new SVID. */
  readonly renew: () => void;
  readonly report: (error: GatehouseError) => void;
  /** Wall clock, for what expires. */
  readonly now: () => number;
}

/** What is known of the authority that is followed, and the way to it. */
export interface FeedClient extends AsyncDisposable {
  /** Undefined until something was heard, now or before a restart. */
  readonly bundles: Watchable<BundleSet | undefined>;
  readonly revocations: Watchable<FeedRevocations | undefined>;
  /** Why it is not connected; empty while it is. */
  readonly disconnected: Watchable<string>;
  /** How long ago the authority's store stood behind what we hold; infinite before the first word of this run. */
  ageMs(): number;
  /** Says what we hold, now. */
  tell(): void;
  /** Tries again at once, with new credentials. */
  reconnect(): void;
}

const TELL_EVERY_MS = 1_000;
/** The authority speaks every second. */
const SILENT_MS = 5_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

/** Starts following. */
export function createFeedClient(deps: FeedClientDeps): FeedClient {
  const { trustDomain, addresses, memory, report, now } = deps;
  const bundles = createWatchable(memory.bundles());
  const revocations = createWatchable(memory.revocations());
  const disconnected = createWatchable('not connected yet');
  const ending = new AbortController();
  let freshAt = Number.NEGATIVE_INFINITY;
  let current: { tell(): void; cancel(): void } | undefined;
  let retryNow: () => void = () => undefined;

  /** What was heard holds although it cannot be written; only a restart would not know it. */
  const keep = (write: () => void): void => {
    try {
      write();
    } catch (thrown) {
      report(asGatehouseError(thrown));
    }
  };

  const take = (message: FollowResponse, pieces: FeedRevocation[]): void => {
    if (message.trustDomain !== trustDomain)
      throw new Error(`it is the authority of ${message.trustDomain}, not of ${trustDomain}`);
    if (message.revocations !== undefined) {
      for (const { kind, value, notAfterAt } of message.revocations.rows)
        pieces.push({ kind: kindOf(kind), value, notAfterAt: Number(notAfterAt) });
      if (message.revocations.complete) {
        const heard = { sequence: Number(message.revocations.sequence), rows: pieces.splice(0) };
        const next = neverLess(revocations.value, heard, now());
        revocations.replace(next);
        keep(() => memory.keepRevocations(next));
      }
    }
    if (message.bundles?.own !== undefined) {
      const next = bundlesOf(message.bundles.own.document, message.bundles, trustDomain);
      // Another replica may be a moment behind the one that we followed before.
      if (next.own.sequence >= (bundles.value?.own.sequence ?? 0)) {
        bundles.replace(next);
        keep(() => memory.keepBundles(next));
      }
    }
    freshAt = performance.now() - Number(message.storeAgeMs);
    if (message.renew) deps.renew();
  };

  const followOnce = (address: string): Promise<GatehouseError> =>
    new Promise((resolve) => {
      const who = deps.credentials(address);
      if (who === 'wait') return resolve(asGatehouseError(feedError(null, address)));
      const connection = connectFeed(address, trustDomain, who);
      const call = connection.follow();
      const pieces: FeedRevocation[] = [];
      let heardAt = performance.now();
      let ended = false;
      const finish = (error: GatehouseError): void => {
        if (ended) return;
        ended = true;
        clearInterval(timer);
        current = undefined;
        call.cancel();
        connection[Symbol.dispose]();
        resolve(error);
      };
      const send = (word: FollowRequest['word']): void => void call.write(create(FollowRequestSchema, { word }));
      const tell = (): void => {
        const { revocationSequence, ...seen } = deps.hold();
        const svid = deps.svid();
        send({
          case: 'holding',
          value: create(HoldingSchema, {
            bundleSequence: BigInt(bundles.value?.own.sequence ?? 0),
            revocationSequence: BigInt(Math.max(0, revocationSequence)),
            peersWithCertificate: BigInt(seen.peersWithCertificate),
            peersWithout: BigInt(seen.peersWithout),
            ...(svid && { svid: { $typeName: 'gatehouse.feed.v1.OwnSvid', ...svid } }),
          }),
        });
      };
      const timer = setInterval(() => {
        if (performance.now() - heardAt > SILENT_MS) finish(silent(address));
        else tell();
      }, TELL_EVERY_MS);
      call.on('data', (message: FollowResponse) => {
        heardAt = performance.now();
        try {
          take(message, pieces);
          if (disconnected.value !== '') disconnected.replace('');
          if (message.bundles !== undefined || message.revocations?.complete === true) tell();
        } catch (thrown) {
          finish(asGatehouseError(thrown));
        }
      });
      call.on('error', (error: ServiceError) => finish(feedError(error, address)));
      call.on('end', () => finish(feedError(null, address)));
      current = { tell, cancel: () => finish(feedError(null, address)) };
      const hello = { $typeName: 'gatehouse.feed.v1.Hello', trustDomain, decider: memory.decider } as const;
      send({ case: 'hello', value: hello });
    });

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
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, retryMs * (0.5 + Math.random() / 2));
        retryNow = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = run();

  return {
    bundles,
    revocations,
    disconnected,
    ageMs: () => performance.now() - freshAt,
    tell: () => current?.tell(),
    reconnect() {
      retryNow();
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      current?.cancel();
      retryNow();
      await running;
    },
  };
}

function silent(address: string): GatehouseError {
  return asGatehouseError(new Error(`the authority at ${address} was silent for ${SILENT_MS / 1000} s`));
}

function kindOf(text: string): FeedRevocation['kind'] {
  if (text === 'serial' || text === 'id' || text === 'spki' || text === 'decider') return text;
  throw new Error(`it revokes by ${text}, which this version does not know: run the same version as the authority`);
}

function bundlesOf(own: string, { intermediates, federated }: Bundles, trustDomain: TrustDomain): BundleSet {
  return {
    own: bundleFromJwks(trustDomain, own),
    intermediates,
    federated: new Map(
      federated.map(({ trustDomain: name, document }) => {
        const foreign = parseTrustDomain(name);
        return [foreign, bundleFromJwks(foreign, document)];
      }),
    ),
  };
}
