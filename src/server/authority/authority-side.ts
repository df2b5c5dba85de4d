/**
 * The identity side of a server that has the authority itself.
 * @module
 */
import type { Config } from '../../config/config.ts';
import { asGatehouseError } from '../../errors.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import { createDeciderReports, type DeciderReports } from '../../identity/delivery/feed/decider-reports.ts';
import { createWatchable } from '../../lib/watchable.ts';
import { authorityIdOf, deciderIdOf } from '../../spiffe/own-ids.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { textOfAddress } from '../../transport/listen/listen-address.ts';
import { podIdentity } from '../cluster-writer/pod-identity.ts';
import { replicaReport } from '../decider/all-deciders.ts';
import { createRemoteDeciders } from '../decider/remote-deciders.ts';
import { keepDecidersKnown, reportRefusal, withRemote } from '../decider/reporting-deciders.ts';
import type { PublicSide } from '../documents/public-side.ts';
import { shownEndpoints } from '../federation/endpoint.ts';
import { type Endpoints, watchEndpoints } from '../federation/endpoints.ts';
import { createFetchThread } from '../federation/fetch-thread.ts';
import { reportReadiness } from '../health/report-readiness.ts';
import type { IdentityListeners, IdentitySide, IdentitySideDeps } from '../identity-interface.ts';
import { revocationsOf } from '../revocations.ts';
import { tokenTeller } from '../token/token-teller.ts';
import { openAuthorityListeners } from './authority-listeners.ts';
import { createAuthorityLook } from './authority-metrics.ts';
import { createCallGraph, storeCallGraph } from './call-graph.ts';
import { publishCrls } from './crl-files.ts';
import { deliveryObserver } from './delivery-observer.ts';
import { entryWarnings, federationWarnings, unmatchedEntries } from './entry-warnings.ts';
import { type IdentityRole, openIdentityRole } from './identity-role.ts';
import { createSvidExpiries, createSvidExpiryLook, type SvidExpiries } from './svid-expiry.ts';
import { watchUpstream } from './upstream-watch.ts';

const UPSTREAM_LOOK_MS = 60_000;

/** Opens the authority, and all that goes by it. @throws GatehouseError as `openIdentityRole` */
export async function openAuthoritySide(deps: IdentitySideDeps): Promise<IdentitySide> {
  const { board, config, log, looks, metrics, kept, followers } = deps;
  await using stack = new AsyncDisposableStack();
  const calls = createCallGraph();
  stack.use(
    storeCallGraph(calls, kept, (thrown) => log.error(`callers and callees: ${asGatehouseError(thrown).message}`)),
  );
  const expiries = createSvidExpiries();
  const revocationSequence = createWatchable(-1);
  const role = stack.use(await openRole(deps, expiries, revocationSequence));
  const { authority } = role;
  const reports = createDeciderReports();
  const remote = createRemoteDeciders(reports);
  stack.use(keepDecidersKnown(authority, reports));
  authority.revocations.subscribe(({ sequence }) => revocationSequence.replace(sequence));
  revocationSequence.replace(authority.revocations.value.sequence);
  await watchRole(deps, role, stack);
  looks.push(
    createSvidExpiryLook({
      ...{ expiries, metrics, now: Date.now, isShared: config.value.store.kind === 'postgres' },
      unexpired: () => authority.unexpired(),
      entitled: () => entitledIds(role, config.value),
      ttlSeconds: () => shortestTtlMs(role, config.value) / 1000,
    }),
    createAuthorityLook(authority, metrics),
    () => metrics.setRemote(remote.counts()),
  );
  const warn = (): void => {
    const { federation } = config.value;
    const known = [...federation.trustDomains, ...authority.federation.held()].map(({ trustDomain }) => trustDomain);
    for (const { code, message, origin } of [
      ...entryWarnings(role.entries.value, role.accounts),
      ...federationWarnings(role.entries.value, new Set(known)),
    ])
      log.warn({ code, origin }, message);
    board.detail('entries', unmatchedEntries(role.entries.value, role.accounts));
  };
  warn();
  const endpoints = openFederation(deps, authority, stack);
  stack.use(await openCluster(deps, role));
  const opened = stack.move();
  return {
    bundles: authority.bundles,
    revocations: authority.revocations,
    entries: role.entries,
    accounts: role.accounts,
    executables: role.executables,
    pods: role.cluster?.pods,
    implicit: role.cluster?.implicit,
    operations: {
      authority,
      endpoints,
      rehearse: (use) => role.rehearse(use, withRemote(calls.all(), remote.counts())),
      backup: () => role.backup(),
    },
    remote,
    deriveBy: () => undefined,
    refused: (certificate) => reportRefusal(authority, certificate),
    tellInForce: () => authority.tellReplicas(),
    decided: (record) => calls.note(record),
    optionalParts: () => [],
    status: () => ({ followers: followers.all(), silent: remote.silent() }),
    listen: () => listen(deps, role, reports),
    async reconfigure(next) {
      await role.reconfigure(next);
      warn();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Bundles of other trust domains, from the endpoints that the configuration names. */
function openFederation(
  { config, seconds, log, board, metrics, looks }: IdentitySideDeps,
  { federation, bundles }: Authority,
  stack: AsyncDisposableStack,
): Endpoints {
  stack.defer(config.subscribe(() => federation.reconfigured()));
  const endpoints = stack.use(
    watchEndpoints({
      ...{ config, federation, bundles, log, ticks: seconds, now: Date.now },
      thread: stack.use(createFetchThread()),
      troubled: (what) =>
        board.degrade(
          'federation',
          what.map((each) => `federation: ${each}`),
        ),
      failed: (trustDomain) => metrics.federation.countFailure(trustDomain),
    }),
  );
  looks.push(() => metrics.federation.set(shownEndpoints(endpoints.all(), bundles.value.federated, Date.now())));
  return endpoints;
}

/** What is written to the cluster, where the configuration names one. */
async function openCluster(
  { config, cluster, objects, openTenants, board, log, metrics }: IdentitySideDeps,
  { authority, source, entries, cluster: attested }: IdentityRole,
): Promise<AsyncDisposable | undefined> {
  const { kubernetes } = config.value;
  const told = kubernetes.status ? objects : undefined;
  if (kubernetes.signer === undefined && told === undefined) return undefined;
  const { openClusterWriter } = await import('../cluster-writer/cluster-writer.ts');
  return openClusterWriter({
    ...{
      config: kubernetes,
      client: await cluster.client(),
      board,
      log,
      metrics: metrics.podCertificates,
      authority,
      source,
      objects: told,
      openTenants: told && openTenants,
    },
    identityOf: podIdentity(entries, attested?.implicit),
    identities: entries,
  });
}

function openRole(
  { config, kept, cluster, log, serving, metrics, report, deciders, board, further }: IdentitySideDeps,
  expiries: SvidExpiries,
  revocationSequence: { readonly value: number },
): Promise<IdentityRole> {
  const behind = new Map<string, string>();
  return openIdentityRole({
    config: config.value,
    inForce: () => config.value,
    kept,
    clusterOf: cluster,
    clusterSaid(watch, why) {
      if (why !== '' && !behind.get(watch)) log.warn(`attestation: what is known of ${watch} may be old: ${why}`);
      behind.set(watch, why);
      const whys = [...behind.values()].filter((each) => each !== '');
      board.degrade(
        'attestation',
        whys.map((each) => `attestation.kubernetes: ${each}`),
      );
    },
    warn: (message) => log.warn({ code: 'first_start' }, message),
    serving,
    further,
    observer: deliveryObserver(log, metrics),
    issued: (kind, spiffeId, notAfterAt) => {
      metrics.countIssued(kind);
      if (kind === 'x509') expiries.note(spiffeId, notAfterAt);
    },
    notIssued: metrics.countNotIssued,
    report,
    token: tokenTeller({ board, log, metrics }),
    replicaReport: () => replicaReport(deciders, revocationSequence.value),
  });
}

/** Readiness, CRLs, our own identities and the upstream CA go by the authority from now on. */
async function watchRole(
  { config, board, metrics, log, tls, crlPage }: IdentitySideDeps,
  { authority, upstream }: IdentityRole,
  stack: AsyncDisposableStack,
): Promise<void> {
  reportReadiness(authority.readiness, { board, metrics, log });
  const failed = (thrown: unknown): void => log.error(`crl.pem: ${asGatehouseError(thrown).message}`);
  stack.use(publishCrls(authority.crls, { dataDir: config.value.dataDir, page: crlPage, failed }));
  tls.keep(authority);
  if (upstream === undefined) return;
  stack.use(
    await watchUpstream({
      ...{ upstream, metrics, now: Date.now, everyMs: UPSTREAM_LOOK_MS },
      said(findings) {
        board.degrade(
          'upstream',
          findings.map(({ code, message }) => `authority.upstream: ${code}: ${message}`),
        );
        for (const { code, message } of findings) log.warn({ code }, `the upstream CA: ${message}`);
      },
    }),
  );
}

/** The IDs that an entry gives and nobody has revoked, and our own. Who needs no entry comes and goes with his pods, and is none of them. */
function entitledIds({ entries, authority }: IdentityRole, { trustDomain }: Config): ReadonlySet<SpiffeId> {
  const { spiffeIds: revoked } = revocationsOf(authority.revocations.value);
  const given = entries.value.map(({ spiffeId }) => spiffeId).filter((each) => !revoked.has(each));
  return new Set([authorityIdOf(trustDomain), deciderIdOf(trustDomain), ...given]);
}

/** Our own certificates have the life of the configuration. */
function shortestTtlMs({ entries }: IdentityRole, { authority }: Config): number {
  return entries.value.reduce((least, each) => Math.min(least, each.x509SvidTtlMs), authority.x509SvidTtlMs);
}

/** Opens the workloads' sockets, and what other machines reach where the configuration says so. */
async function listen(deps: IdentitySideDeps, role: IdentityRole, reports: DeciderReports): Promise<IdentityListeners> {
  const { config, followers, log, metrics, tls, identify, refusals } = deps;
  await using stack = new AsyncDisposableStack();
  await role.open();
  const fetched = await openFetched(deps, role, stack);
  const remote = await openAuthorityListeners({
    config: config.value,
    role,
    followers,
    reports,
    observer: deliveryObserver(log, metrics),
    certified: (spiffeId, by) => log.info({ spiffeId, by }, `certified ${spiffeId} at Istio's CA API`),
    identity: tls.primary,
    identify,
    handshakeFailed: refusals.handshakeFailed,
  });
  stack.use(remote);
  const opened = stack.move();
  return {
    addresses: {
      workloadApi: `unix:${config.value.listen.workloadApi.path}`,
      ...remote.addresses,
      ...fetched,
    },
    takeTallies: () => [['workload-api', role.takeTally()], ...remote.takeTallies()],
    async drain(graceMs) {
      await Promise.all([role.drain(graceMs), remote.drain(graceMs)]);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** What anybody may fetch, where the configuration says so. */
async function openFetched(
  { config, log, board, metrics, looks, tls }: IdentitySideDeps,
  { authority }: IdentityRole,
  stack: AsyncDisposableStack,
): Promise<{ readonly oidc?: string; readonly bundle?: string }> {
  const { listen } = config.value;
  if (listen.oidc === undefined && listen.bundle === undefined) return {};
  const { openPublic } = await import('../documents/public-side.ts');
  const deps = { config: config.value, source: authority, own: tls.documents, log, board, metrics, looks };
  const open = async (name: 'oidc' | 'bundle'): Promise<PublicSide | undefined> => {
    const side = await openPublic(name, deps);
    return side && stack.use(side);
  };
  const [oidc, bundle] = [await open('oidc'), await open('bundle')];
  return {
    ...(oidc && { oidc: textOfAddress(oidc.address) }),
    ...(bundle && { bundle: textOfAddress(bundle.address) }),
  };
}
