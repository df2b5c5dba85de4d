/**
 * What every part of a server stands on, whatever its roles: the data directory, readiness and metrics, our own TLS identities, and
 * the health listener, which answers while the rest is still being opened.
 * @module
 */
import { latencyBounds } from '../authz/record/counters.ts';
import type { Revocations } from '../authz/state.ts';
import type { Config } from '../config/config.ts';
import { asGatehouseError, type GatehouseError } from '../errors.ts';
import { createTicks, type Ticks } from '../lib/ticks.ts';
import { createWatchable, type Watchable, type WatchableSource } from '../lib/watchable.ts';
import { watchDescriptors } from '../platform/observe/descriptors.ts';
import { createHealthPages } from '../platform/observe/health-pages.ts';
import type { Log } from '../platform/observe/log.ts';
import { createMetrics, type Metrics } from '../platform/observe/metrics.ts';
import { createReadinessBoard, type ReadinessBoard } from '../platform/observe/readiness.ts';
import { prepareDataDir } from '../platform/storage/data-dir.ts';
import { openStoredTexts, type StoredTexts } from '../platform/storage/stored-texts.ts';
import type { ServingState } from '../transport/health-service.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { servicesOf } from './health/services.ts';
import { connectionLimit } from './listeners/connection-limit.ts';
import { type HttpListener, openHttpListener } from './listeners/http-listener.ts';
import { listenAddress } from './listeners/listen-addresses.ts';
import { createOwnCounts, type OwnCounts } from './log/own-counts.ts';
import { createRefusalReports, type RefusalReports } from './refusal-reports.ts';
import { createIdentifyCaller, type IdentifyCaller } from './tls/callers.ts';
import { createTlsRole, type TlsRole } from './tls/tls-role.ts';

/** The parts that every later step of a start is given. */
export interface Foundation extends AsyncDisposable {
  /** The configuration in force. */
  readonly config: WatchableSource<Config>;
  /** What is looked at each second is looked at together: an idle process is woken up once for all of it. */
  readonly seconds: Ticks;
  readonly log: Log;
  readonly board: ReadinessBoard;
  readonly metrics: Metrics;
  /** Called in turn before the metrics are written out: what is known only by looking. */
  readonly looks: (() => void | Promise<void>)[];
  /** What grpc.health.v1 answers, by service. */
  readonly serving: Watchable<ServingState>;
  readonly kept: StoredTexts;
  readonly cluster: Cluster;
  readonly tls: TlsRole;
  /** Those in force; the identity side fills it. Undefined while none are known: then no caller is trusted. */
  readonly revocations: WatchableSource<Revocations | undefined>;
  /** By `revocations`. */
  readonly identify: IdentifyCaller;
  /** All CRLs, PEM, for the health listener's page; empty while nothing was revoked. */
  readonly crlPage: WatchableSource<string>;
  readonly refusals: RefusalReports;
  /** What is counted here for `/v1/edges`. */
  readonly counts: OwnCounts;
  readonly health: HttpListener;
  /** Logs an error of the background. */
  readonly report: (error: GatehouseError) => void;
}

/**
 * Opens it.
 *
 * @param refuseNewerStore  looks at the authority's store once the data directory is ours, before anything else is written
 * @throws GatehouseError `store_locked`, `store_unusable`, `address_in_use`, `config_invalid`
 */
export async function openFoundation(
  config: Config,
  log: Log,
  refuseNewerStore: (config: Config) => Promise<void>,
): Promise<Foundation> {
  await using stack = new AsyncDisposableStack();
  const observed = observe(config);
  const { board, metrics } = observed;
  prepareDataDir(config.dataDir);
  const kept = stack.use(openStoredTexts(config.dataDir));
  const cluster = stack.use(createCluster(config));
  if (config.roles.includes('authority')) await refuseNewerStore(config);
  const report = (error: GatehouseError): void =>
    log.error({ code: error.code, details: error.details }, error.message);
  const tls = stack.use(createTlsRole({ config, report, waiting: (why) => board.set('tls', why) }));
  const descriptors = stack.use(
    watchDescriptors(({ open, max }, why) => {
      metrics.setDescriptors(open, max);
      if (why !== '' && board.isReady('descriptors')) log.error(`descriptors: ${why}`);
      board.set('descriptors', why);
    }),
  );
  const seconds = createTicks(1_000);
  stack.defer(seconds.subscribe(descriptors.look));
  const revocations = createWatchable<Revocations | undefined>(undefined);
  const counts = createOwnCounts();
  const parts = {
    ...observed,
    ...{ config: createWatchable(config), log, kept, cluster, tls, revocations, report, seconds },
    identify: createIdentifyCaller(config.trustDomain, () => revocations.value),
    crlPage: createWatchable(''),
    counts,
    refusals: createRefusalReports(log, counts.handshakes),
  };
  const health = stack.use(await openHealth(parts));
  const opened = stack.move();
  return { ...parts, health, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Readiness, what grpc.health.v1 says of it, and metrics. */
function observe({ roles }: Config): Pick<Foundation, 'board' | 'metrics' | 'looks' | 'serving'> {
  const isDecider = roles.includes('decider');
  const board = createReadinessBoard(
    [roles.includes('authority') ? 'authority' : 'feed', 'policies', ...(isDecider ? ['deciders'] : [])],
    isDecider ? ['authority', 'descriptors'] : ['descriptors'],
  );
  const looks: Foundation['looks'] = [];
  const look = async (): Promise<void> => {
    for (const each of looks) await each();
  };
  const metrics = createMetrics({ latencyBounds, look });
  const serving = createWatchable<ServingState>(servicesOf(roles, board));
  const tellServing = (): void => {
    serving.replace(servicesOf(roles, board));
    metrics.setServing(serving.value);
  };
  board.state.subscribe(tellServing);
  tellServing();
  return { board, metrics, looks, serving };
}

type HealthDeps = Pick<
  Foundation,
  'config' | 'log' | 'board' | 'metrics' | 'crlPage' | 'tls' | 'identify' | 'refusals'
>;

function openHealth(deps: HealthDeps): Promise<HttpListener> {
  const { config, log, board, metrics, crlPage, tls, identify, refusals } = deps;
  const pages = createHealthPages({
    readiness: () => board.state.value,
    metrics: () => metrics.text(),
    crl: () => crlPage.value,
  });
  return openHttpListener(listenAddress(config.value.listen.health), {
    handle: (request, response, { tls: byTls, certificate }) =>
      pages(request, response, !byTls || identify(certificate) !== undefined ? 'known' : 'stranger'),
    failed: (thrown) => log.error(`health: ${asGatehouseError(thrown).message}`),
    identity: tls.primary,
    callers: 'any',
    identify,
    limits: { connections: connectionLimit('health') },
    handshakeFailed: (failure) => refusals.handshakeFailed('health', failure),
  });
}
