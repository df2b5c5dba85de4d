/**
 * What a server with the authority role offers to other machines, where the configuration says so: the feed, Istio's CA API.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { DeliveryObserver } from '../../identity/delivery/delivery-deps.ts';
import type { DeciderReports } from '../../identity/delivery/feed/decider-reports.ts';
import type { Followers } from '../../identity/delivery/feed/followers.ts';
import { systemClock } from '../../lib/clock.ts';
import { createTicks } from '../../lib/ticks.ts';
import type { LaneTally } from '../../transport/lane/counts.ts';
import { textOfAddress } from '../../transport/listen/listen-address.ts';
import { reportRefusal } from '../decider/reporting-deciders.ts';
import { connectionLimit } from '../listeners/connection-limit.ts';
import { type GrpcListener, type GrpcListenerDeps, openGrpcListener } from '../listeners/grpc-listener.ts';
import { listenAddress } from '../listeners/listen-addresses.ts';
import type { RefusalReports } from '../refusal-reports.ts';
import type { IdentifyCaller } from '../tls/callers.ts';
import type { IdentityRole } from './identity-role.ts';

/** The listeners of the feed and of Istio's CA API, where the configuration names them. */
export interface AuthorityListeners extends AsyncDisposable {
  /** Those really bound, for the ready line. */
  readonly addresses: { readonly feed?: string; readonly istioCa?: string };
  /** What each has counted since it was asked last, by its name in metrics. */
  takeTallies(): readonly (readonly [listener: 'feed' | 'istio-ca', tally: LaneTally])[];
  drain(graceMs: number): Promise<void>;
}

export interface AuthorityListenersDeps {
  readonly config: Config;
  readonly role: IdentityRole;
  readonly followers: Followers;
  readonly reports: DeciderReports;
  readonly observer: DeliveryObserver;
  /** Told of every certificate of Istio's CA API, and how its holder was attested. */
  readonly certified: (spiffeId: string, by: readonly string[]) => void;
  readonly identity: GrpcListenerDeps['identity'];
  readonly identify: IdentifyCaller;
  readonly handshakeFailed: RefusalReports['handshakeFailed'];
}

/** A sign of life for whoever follows. */
const FEED_TICK_MS = 1_000;

/** Opens them. @throws GatehouseError `address_in_use`, `config_invalid` */
export async function openAuthorityListeners(deps: AuthorityListenersDeps): Promise<AuthorityListeners> {
  const { listen } = deps.config;
  await using stack = new AsyncDisposableStack();
  const feed = listen.feed && stack.use(await openFeed(listen.feed, deps));
  const istioCa = listen.istioCa && stack.use(await openIstioCa(listen.istioCa, deps));
  const all = stack.move();
  return {
    addresses: {
      ...(feed && { feed: textOfAddress(feed.address) }),
      ...(istioCa && { istioCa: textOfAddress(istioCa.address) }),
    },
    takeTallies: () => [
      ...(feed === undefined ? [] : [['feed', feed.takeTally()] as const]),
      ...(istioCa === undefined ? [] : [['istio-ca', istioCa.takeTally()] as const]),
    ],
    async drain(graceMs) {
      await Promise.all([feed?.drain(graceMs), istioCa?.drain(graceMs)]);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

type Listener = NonNullable<Config['listen']['feed']>;

async function openFeed(
  at: Listener,
  { role, followers, reports, observer, identity, identify, handshakeFailed }: AuthorityListenersDeps,
): Promise<GrpcListener> {
  const { openFeedListener } = await import('../feed/feed-listener.ts');
  const { authority, source } = role;
  return openFeedListener(listenAddress(at), {
    source,
    revocations: authority.revocations,
    storeAgeMs: authority.storeAgeMs,
    useJoinToken: authority.joinTokens.use,
    names: authority.deciderNames,
    followers,
    reports,
    refusedAt: (decider, certificate) => reportRefusal(authority, certificate, decider),
    clock: systemClock,
    ticks: createTicks(FEED_TICK_MS),
    observer,
    identity,
    identify,
    handshakeFailed: (failure) => handshakeFailed('feed', failure),
    connections: connectionLimit('feed'),
  });
}

async function openIstioCa(
  at: Listener,
  { role, observer, certified, identity, identify, handshakeFailed }: AuthorityListenersDeps,
): Promise<GrpcListener> {
  const { istioCaMethods } = await import('../../identity/delivery/istio-ca/create-certificate.ts');
  const { source, entries, authority, cluster } = role;
  return openGrpcListener(listenAddress(at), {
    methods: istioCaMethods({
      ...{ source, entries, certified },
      callerOf: ({ peerCertificate }) => identify(peerCertificate),
      cluster: cluster?.callers,
      issued: async (serial) => (await authority.ledger({ serial, kind: 'x509', limit: 1 }))[0],
    }),
    failed: (method, error) => observer.failed(method, error),
    identity,
    identify,
    handshakeFailed: (failure) => handshakeFailed('Istio CA', failure),
    connections: connectionLimit('istio-ca'),
  });
}
