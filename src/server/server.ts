/**
 * The composition root: a Config in, a running Gatehouse out.
 * @module
 */

import { latencyBounds } from '../authz/record/counters.ts';
import type { Config } from '../config/config.ts';
import { asGatehouseError, type GatehouseError } from '../errors.ts';
import { createExecutables } from '../identity/attestation/executable.ts';
import type { AuthorityUse } from '../identity/authority/store/state.ts';
import { createFollowers } from '../identity/delivery/feed/followers.ts';
import { createAccounts } from '../lib/accounts.ts';
import { programVersion } from '../lib/version.ts';
import { createWatchable } from '../lib/watchable.ts';
import { giveBackWhenQuiet } from '../platform/memory/give-back.ts';
import { watchDescriptors } from '../platform/observe/descriptors.ts';
import { createHealthPages } from '../platform/observe/health-pages.ts';
import type { Log } from '../platform/observe/log.ts';
import { createMetrics, type LaneListener } from '../platform/observe/metrics.ts';
import { createReadinessBoard, type Readiness } from '../platform/observe/readiness.ts';
import { prepareDataDir } from '../platform/storage/data-dir.ts';
import { openKeptTexts } from '../platform/storage/kept-texts.ts';
import type { PolicyLoad } from '../policy/sources/policy-sources.ts';
import type { BundleSet } from '../spiffe/bundle.ts';
import { authorityIdOf, deciderIdOf } from '../spiffe/own-ids.ts';
import type { ServingState } from '../transport/health-service.ts';
import type { LaneTally } from '../transport/lane/counts.ts';
import { textOfAddress } from '../transport/listen/listen-address.ts';
import { openAdmin } from './admin/admin-listener.ts';
import { openAuthorityDoors } from './authority/authority-listeners.ts';
import { lookAtAuthority } from './authority/authority-metrics.ts';
import { createEdgeBook } from './authority/call-graph.ts';
import { type CrlPublication, publishCrls } from './authority/crl-files.ts';
import { deliveryObserver } from './authority/delivery-observer.ts';
import { entryWarnings } from './authority/entry-warnings.ts';
import { type IdentityRole, openIdentityRole } from './authority/identity-role.ts';
import { createSvidBook } from './authority/latest-expiries.ts';
import { refuseNewerStore } from './authority/newer-store.ts';
import { keepEdges } from './authority/stored-call-graph.ts';
import { createSvidExpiry } from './authority/svid-expiry.ts';
import { watchUpstream } from './authority/upstream-watch.ts';
import { joinDeciders } from './decider/all-deciders.ts';
import type { DeciderProcess } from './decider/decider-process.ts';
import { deciderSettings, startDeciders } from './decider/decider-role.ts';
import { replicaWord } from './decider/replica-report.ts';
import { createLiveExplain } from './explain/live-explain.ts';
import type { FollowerPart } from './feed/follower-part.ts';
import { becomesReady } from './health/becomes-ready.ts';
import { servicesOf } from './health/services.ts';
import { tellStanding } from './health/tell-standing.ts';
import { openCheckDoor } from './listeners/check-listener.ts';
import { connectionRoom } from './listeners/connection-room.ts';
import { openHttpDoor } from './listeners/http-listener.ts';
import { listenAddress } from './listeners/listen-addresses.ts';
import { createDecisionLog } from './log/decision-log.ts';
import { openKeySets } from './policy/key-sets.ts';
import { endpointsOf, openPolicies } from './policy/policy-sources.ts';
import { tokenRulesOf } from './policy/token-rules.ts';
import { needsRestart } from './reload-plan.ts';
import { type Knowledge, type RevocationRows, revocationsOf } from './revocations.ts';
import { createIdentifyCaller } from './tls/callers.ts';
import { createTlsRole } from './tls/tls-role.ts';
import { createTroubles } from './troubles.ts';

export interface ServerDeps {
  readonly config: Config;
  readonly log: Log;
  /** A decider that was forked before the configuration was read. */
  readonly firstDecider?: DeciderProcess;
  readonly readyTimeoutMs: number;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

/** What the ready line says. */
export interface ReadyLine {
  readonly ready: true;
  readonly roles: readonly string[];
  readonly extAuthz?: string;
  readonly workloadApi?: string;
  readonly feed?: string;
  readonly istioCa?: string;
  readonly admin: string;
  readonly health: string;
  readonly pid: number;
  readonly deciderPids: readonly number[];
}

export interface RunningServer {
  readonly readyLine: ReadyLine;
  /** Reads policies again, and takes entries, workloads and log level of a configuration that was read again. */
  reload(config: Config): Promise<void>;
  /** Says that the configuration could not be read again; what was last good stays. */
  refuseReload(error: GatehouseError): void;
  /** Lets running work end, at most `graceMs`, and closes everything. */
  drain(graceMs: number): Promise<void>;
}

const REPORT_TIMEOUT_MS = 500;
const UPSTREAM_LOOK_MS = 60_000;

/**
 * Starts everything that the configuration asks for; resolves when it is ready.
 *
 * @throws GatehouseError whatever keeps it from starting; `not_ready` when the time is over
 */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const { log, firstDecider, readyTimeoutMs, signal } = deps;
  let { config } = deps;
  const isDecider = config.roles.includes('decider');
  const stack = new AsyncDisposableStack();
  try {
    const startedAt = Date.now();
    const board = createReadinessBoard(
      [config.roles.includes('authority') ? 'authority' : 'feed', 'policies', ...(isDecider ? ['deciders'] : [])],
      isDecider ? ['authority', 'descriptors'] : ['descriptors'],
    );
    const serving = createWatchable<ServingState>(servicesOf(config.roles, board));
    const svids = createSvidBook();
    const edges = createEdgeBook();
    const troubles = createTroubles({
      log,
      holderOf: (certificate) => identity?.authority.holderOf(certificate),
      report: (who) => identity?.authority.reportTrouble(who),
    });
    const decisions = createDecisionLog(log, (record, entry) => {
      edges.note(record);
      troubles.decided(entry);
    });
    const metrics = createMetrics({
      latencyBounds,
      look: async (metrics) => {
        await deciders?.report(REPORT_TIMEOUT_MS);
        await lookAtSvids();
        for (const [listener, tally] of tallies()) {
          metrics.countLane(listener, tally);
          metrics.setLaneConnections(listener, tally.connections);
        }
        if (identity !== undefined) {
          metrics.setRenewalsWaiting(identity.authority.renewalsWaiting());
          metrics.setTaintPaused(identity.authority.taintPaused());
        }
        if (identity !== undefined && performance.now() >= lookAgainAt) {
          const lookedFrom = performance.now();
          await lookAtAuthority(identity.authority, metrics);
          // A look reads every live row of the ledger: with many of them it must not be our main work.
          lookAgainAt = performance.now() + 50 * (performance.now() - lookedFrom);
        }
        follower?.look();
      },
    });
    const ownIds: ReadonlySet<string> = new Set([authorityIdOf(config.trustDomain), deciderIdOf(config.trustDomain)]);
    const lookAtSvids = createSvidExpiry({
      ...{ book: svids, metrics, now: Date.now, isShared: config.store.kind === 'postgres' },
      unexpired: () => identity?.authority.unexpired(),
      entitled: () => (identity === undefined ? ownIds : new Set([...ownIds, ...entitledIds(identity)])),
    });
    let identity: IdentityRole | undefined;
    let tallies = (): readonly (readonly [listener: LaneListener, tally: LaneTally])[] => [];
    let lookAgainAt = 0;
    let follower: FollowerPart | undefined;
    let crls: CrlPublication | undefined;

    prepareDataDir(config.dataDir);
    const kept = stack.use(openKeptTexts(config.dataDir));
    if (config.roles.includes('authority')) await refuseNewerStore(config);
    if (config.roles.includes('authority')) {
      const failed = (thrown: unknown): void => log.error(`callers and callees: ${asGatehouseError(thrown).message}`);
      stack.use(keepEdges(edges, kept, failed));
    }
    if (!isDecider) firstDecider?.kill();
    const keySets = stack.use(openKeySets(config, log));
    const deciders = isDecider
      ? stack.use(
          startDeciders({
            config,
            log,
            metrics,
            board,
            decisions,
            first: firstDecider,
            revoked() {
              follower?.client.tell();
              identity?.authority.tellReplicas();
            },
            handshakeFailed: troubles.handshakeFailed,
            unknownKid: ({ keySet, kid }) => keySets.wake(keySet, kid),
          }),
        )
      : undefined;
    const followers = createFollowers();
    const allDeciders = joinDeciders(deciders, followers);
    const tellServing = (): void => {
      serving.replace(servicesOf(config.roles, board));
      metrics.setServing(serving.value);
      deciders?.tell({ kind: 'serving', services: serving.value });
    };
    board.state.subscribe(tellServing);
    tellServing();

    const tls = stack.use(
      createTlsRole({
        config,
        report: (error) => log.error({ code: error.code, details: error.details }, error.message),
        waiting: (why) => board.set('tls', why),
      }),
    );
    tls.deciders.subscribe((own) => deciders?.tell({ kind: 'tls-identity', identity: own }));
    stack.use(
      watchDescriptors(({ open, max }, why) => {
        metrics.setDescriptors(open, max);
        if (why !== '' && board.isReady('descriptors')) log.error(`descriptors: ${why}`);
        board.set('descriptors', why);
      }),
    );
    const identify = createIdentifyCaller(config.trustDomain, () => {
      const list = (identity?.authority ?? follower?.client)?.revocations.value;
      return list && revocationsOf(list);
    });
    const pages = createHealthPages({
      readiness: () => board.state.value,
      metrics: () => metrics.text(),
      crl: () => crls?.text() ?? '',
    });
    const health = stack.use(
      await openHttpDoor(listenAddress(config.listen.health), {
        handle: (request, response, { tls: byTls, certificate }) =>
          pages(request, response, !byTls || identify(certificate) !== undefined ? 'known' : 'stranger'),
        failed: (thrown) => log.error(`health: ${asGatehouseError(thrown).message}`),
        identity: tls.primary,
        callers: 'any',
        identify,
        limits: { connections: connectionRoom('health') },
        handshakeFailed: (failure) => troubles.handshakeFailed('health', failure),
      }),
    );
    const policies = stack.use(
      await openPolicies(config, kept, (thrown) => log.error(`policy sources: ${asGatehouseError(thrown).message}`)),
    );
    let degradedBefore = '';
    let summaryBefore = '';
    const enforce = (load: PolicyLoad): void => {
      metrics.setPolicies(load.counts);
      board.degrade('policies', load.degraded);
      if (load.summary !== summaryBefore) log.info({ code: 'policies_read' }, `policies: ${load.summary}`);
      summaryBefore = load.summary;
      board.detail('policies', load.summary);
      const degraded = load.degraded.join();
      if (degraded !== degradedBefore && degraded !== '') {
        metrics.countLoadError();
        const errors = load.findings.filter(({ severity }) => severity === 'error');
        log.error(
          { degraded: load.degraded, findings: errors.slice(0, 20) },
          'policy files are broken; what was last good stays in force',
        );
      }
      degradedBefore = degraded;
      if (load.generation !== told) {
        keySets.wanted(tokenRulesOf(load.model));
        deciders?.tell({ kind: 'policies', model: load.model });
        givingBack?.[Symbol.dispose]();
        givingBack = giveBackWhenQuiet(() => told);
      }
      told = load.generation;
    };
    let told = 0;
    let givingBack: Disposable | undefined;
    stack.defer(() => givingBack?.[Symbol.dispose]());
    keySets.documents.subscribe((documents) => deciders?.tell({ kind: 'key-sets', documents }));
    policies.current.subscribe(enforce);
    enforce(policies.current.value);
    board.set('policies', '');

    const report = (error: GatehouseError): void =>
      log.error({ code: error.code, details: error.details }, error.message);
    if (config.roles.includes('authority')) {
      identity = stack.use(
        await openIdentityRole({
          config,
          kept,
          warn: (message) => log.warn({ code: 'first_start' }, message),
          serving,
          observer: deliveryObserver(log, metrics),
          issued: (kind, spiffeId, notAfterAt, channel) => {
            metrics.countIssued(kind);
            if (kind === 'x509' && channel !== 'look') svids.note(spiffeId, notAfterAt);
          },
          notIssued: metrics.countNotIssued,
          report,
          replicaWord: () => replicaWord(allDeciders, identity?.authority.revocations.value.sequence ?? -1),
        }),
      );
      const { authority } = identity;
      tellStanding(authority.readiness, { board, metrics, log });
      crls = stack.use(
        publishCrls(authority.crls, config.dataDir, (thrown) =>
          log.error(`crl.pem: ${asGatehouseError(thrown).message}`),
        ),
      );
      tls.keep(authority);
      const { upstream } = identity;
      if (upstream !== undefined)
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
    } else {
      if (config.entries.length > 0 || config.workloads.some(({ socket }) => socket !== undefined))
        log.warn(
          { code: 'entries_unused' },
          'entries and sockets of workloads mean nothing on a server without the authority role: it gives no identities',
        );
      const { openFollower } = await import('./feed/follower-part.ts');
      follower = stack.use(openFollower({ config, kept, tls, deciders, board, metrics, report }));
    }
    const knowledge: Knowledge = identity?.authority ?? follower!.client; // one of the two
    const tellBundles = (bundles: BundleSet | undefined): void => {
      if (bundles !== undefined) deciders?.tell({ kind: 'bundles', bundles });
    };
    const tellRevocations = (list: RevocationRows | undefined): void => {
      if (list !== undefined) deciders?.tell({ kind: 'revocations', revocations: revocationsOf(list) });
    };
    knowledge.bundles.subscribe(tellBundles);
    knowledge.revocations.subscribe(tellRevocations);
    tellBundles(knowledge.bundles.value);
    tellRevocations(knowledge.revocations.value);
    const accounts = identity?.accounts ?? createAccounts();
    const entries = identity?.entries ?? createWatchable([]);
    const warn = (): void => {
      for (const { code, message, origin } of entryWarnings(entries.value, accounts))
        log.warn({ code, origin }, message);
    };
    warn();

    const explain = stack.use(
      createLiveExplain({
        config: () => config,
        policies: policies.current,
        keySets: keySets.documents,
        authority: knowledge,
      }),
    );
    await identity?.open();
    const doors =
      identity &&
      stack.use(
        await openAuthorityDoors({
          config,
          role: identity,
          followers,
          observer: deliveryObserver(log, metrics),
          identity: tls.primary,
          identify,
          handshakeFailed: troubles.handshakeFailed,
        }),
      );
    const here = identity;
    const operations = here && {
      authority: here.authority,
      rehearse: (use: AuthorityUse) => here.rehearse(use, edges.all()),
      backup: () => here.backup(),
    };
    const admin = stack.use(
      await openAdmin(config, tls.primary, {
        operations,
        revocations: knowledge.revocations,
        entries,
        accounts,
        executables: identity?.executables ?? createExecutables(),
        policies,
        decisions,
        deciders: allDeciders,
        explain,
        config: () => config,
        status: () => ({
          version: programVersion(),
          pid: process.pid,
          startedAt: new Date(startedAt).toISOString(),
          trustDomain: config.trustDomain,
          roles: config.roles,
          ...board.state.value,
          generation: policies.current.value.generation,
          deciders: (deciders?.pids() ?? []).map((pid, i) => ({
            pid,
            generation: deciders?.generations.value[i] ?? 0,
          })),
          ...(identity && { followers: followers.all() }),
          ...(follower && { feed: follower.status() }),
          addresses: readyLine(),
        }),
        log,
        identify,
        handshakeFailed: troubles.handshakeFailed,
      }),
    );
    const door =
      deciders &&
      stack.use(
        await openCheckDoor(listenAddress(config.listen.extAuthz), deciders, (thrown) =>
          log.error(`Check: ${asGatehouseError(thrown).message}`),
        ),
      );
    tallies = () => [
      ...(identity === undefined ? [] : [['workload-api', identity.takeTally()] as const]),
      ...(doors?.takeTallies() ?? []),
      ['admin', admin.takeTally()],
      ['health', health.takeTally()],
    ];
    const readyLine = (): ReadyLine => ({
      ready: true,
      roles: config.roles,
      ...(door && { extAuthz: textOfAddress(door.address) }),
      ...(identity && { workloadApi: `unix:${config.listen.workloadApi.path}` }),
      ...doors?.addresses,
      admin: textOfAddress(admin.address),
      health: textOfAddress(health.address),
      pid: process.pid,
      deciderPids: deciders?.pids() ?? [],
    });
    // A decider that was started while its authority is away decides by what it held before.
    const isEnough = ({ ready, waiting }: Readiness): boolean =>
      ready || (follower?.knows === true && Object.keys(waiting).every((part) => part === 'feed'));
    await becomesReady(board.state, isEnough, readyTimeoutMs - (Date.now() - startedAt), signal);

    const opened = stack.move();
    let draining: Promise<void> | undefined;
    const stop = async (graceMs: number): Promise<void> => {
      board.set('server', 'draining');
      const closing = door?.[Symbol.asyncDispose]();
      await Promise.all([deciders?.drain(graceMs), identity?.drain(graceMs), doors?.drain(graceMs)]);
      await closing;
      await opened.disposeAsync();
    };
    return {
      readyLine: readyLine(),
      async reload(next) {
        const refused = needsRestart(config, next);
        if (refused.length > 0) {
          log.error(
            { code: 'restart_required', fields: refused },
            `restart_required: ${refused.join(', ')} cannot change while running`,
          );
        }
        board.degrade(
          'configuration',
          refused.map((field) => `restart_required: ${field}`),
        );
        config = { ...config, entries: next.entries, workloads: next.workloads, log: next.log, admin: next.admin };
        log.level = config.log.level;
        await identity?.reconfigure(config);
        deciders?.tell({ kind: 'settings', settings: deciderSettings(config) });
        warn();
        await policies.reload(endpointsOf(config));
        log.info('configuration and policies were read again');
      },
      refuseReload({ code, message, details }) {
        board.degrade('configuration', [message.split('\n', 1)[0] ?? message]);
        log.error({ code, details }, `the configuration stays as it was: ${message}`);
      },
      drain: (graceMs) => (draining ??= stop(graceMs)),
    };
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

/** The IDs that an entry gives and nobody has revoked. */
function entitledIds({ entries, authority }: IdentityRole): readonly string[] {
  const { spiffeIds: revoked } = revocationsOf(authority.revocations.value);
  return entries.value.map(({ spiffeId }) => spiffeId).filter((each) => !revoked.has(each));
}
