/**
 * Policies and registry out of a cluster: watched, kept over our own restart, and how well that goes told.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config, KubernetesConfig } from '../../config/config.ts';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import type { WatchTimes } from '../../platform/kubernetes/watch-objects.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import { ClusterObjects } from '../../policy/objects/cluster-objects.ts';
import { ObjectKeeper, restoreObjects } from '../../policy/objects/kept-objects.ts';
import { policyObjectKinds, registryObjectKinds } from '../../policy/objects/object-kind.ts';
import type { StoredTexts } from '../../policy/sources/last-good-store.ts';
import type { ObjectSource } from '../../policy/sources/object-source.ts';
import { troublesOf } from './cluster-troubles.ts';
import { ClusterWatches } from './cluster-watches.ts';
import { dialectOptions } from './policy-sources.ts';

/** Objects of a cluster that policies and registry are made of. */
export interface ClusterPolicies extends AsyncDisposable {
  readonly objects: ObjectSource & Pick<ClusterObjects, 'kinds'>;
  /**
   * Resolves once it is known what the cluster holds: as soon as it was read, or soon after the start by what was kept.
   *
   * @throws GatehouseError `not_ready` after `timeoutMs`, with what keeps it from being read
   */
  known(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export interface ClusterPolicyDeps {
  readonly config: Watchable<Config>;
  readonly cluster: { client(): Promise<KubernetesClient> };
  readonly kept: StoredTexts;
  readonly log: Log;
  readonly board: ReadinessBoard;
  readonly metrics: Metrics;
  readonly looks: (() => void | Promise<void>)[];
  readonly times?: Partial<
    WatchTimes & { readonly discoveryMs: number; readonly keepMs: number; readonly keptMs: number }
  >;
}

const PART = 'kubernetes';
/** Between two writings of one part of what is kept. */
const KEEP_MS = 4_000;
/** How long a start that could go by what was kept waits for what the cluster holds now. */
const KEPT_MS = 3_000;

/**
 * Opens it where the configuration names a cluster for policies or registry; undefined: it does not.
 *
 * @throws GatehouseError `config_invalid` for a kubeconfig that cannot be used
 */
export async function openCluster(deps: ClusterPolicyDeps): Promise<ClusterPolicies | undefined> {
  const { kubernetes } = deps.config.value;
  if (!kubernetes.policies && !kubernetes.registry) return undefined;
  const client = await deps.cluster.client();
  return new ClusterSource({ ...deps, client }, kubernetes);
}

interface SourceDeps extends ClusterPolicyDeps {
  readonly client: KubernetesClient;
}

class ClusterSource implements ClusterPolicies {
  readonly objects: ClusterObjects;
  readonly #deps: SourceDeps;
  readonly #watches: ClusterWatches;
  readonly #keeper: ObjectKeeper;
  readonly #keeping: NodeJS.Timeout;
  /** There is something to decide by, if only what was kept. */
  readonly #hasKept: boolean;
  #wasSynced = false;
  #told = '';
  readonly #waiting = new Set<() => void>();

  constructor(deps: SourceDeps, { policies, registry, namespaces }: KubernetesConfig) {
    this.#deps = deps;
    const kinds = [...(policies ? policyObjectKinds() : []), ...(registry ? registryObjectKinds() : [])];
    this.objects = new ClusterObjects(kinds, dialectOptions(deps.config.value));
    this.#hasKept = restoreObjects(this.objects.kinds, deps.kept);
    this.#keeper = new ObjectKeeper(deps.kept);
    this.#keeping = setInterval(() => this.#keepOne(), deps.times?.keepMs ?? KEEP_MS).unref();
    deps.board.set(PART, this.#hasKept ? '' : 'the cluster was not read yet');
    const { client, times } = deps;
    const { objects } = this;
    this.#watches = new ClusterWatches({
      client,
      objects,
      namespaces,
      changed: () => this.#tell(),
      ...(times && { times }),
    });
    deps.looks.push(() => this.#measure());
  }

  #tell(): void {
    const { board, log } = this.#deps;
    const { state } = this.#watches;
    const isFirst = state.isSynced && !this.#wasSynced;
    if (isFirst) {
      this.#wasSynced = true;
      const total = this.objects.kinds.reduce((sum, { size }) => sum + size, 0);
      log.info({ code: 'cluster_read', objects: total }, `the cluster was read: ${total} objects`);
      for (const wake of [...this.#waiting]) wake();
    }
    const troubles = troublesOf(state, this.#wasSynced);
    const isEnough = this.#wasSynced || this.#hasKept;
    board.set(PART, isEnough ? '' : (troubles[0] ?? 'the cluster was not read yet'));
    const told = isEnough ? troubles.map((why) => `${PART}: ${why}`) : [];
    if (told.join() !== this.#told) {
      if (told.length > 0) log.warn({ code: 'cluster_behind', troubles: told }, told[0]!);
      else if (this.#told !== '') log.info({ code: 'cluster_followed' }, 'the cluster is followed again');
    }
    this.#told = told.join();
    board.degrade(PART, told);
  }

  #measure(): void {
    const { behind } = this.#watches.state;
    const now = performance.now();
    const behindMs = behind.reduce((most, { sinceMs }) => Math.max(most, now - sinceMs), 0);
    const counts = this.objects.kinds.map(({ kind, size }) => [kind.kind, size] as const);
    this.#deps.metrics.setCluster(behindMs / 1000, counts);
  }

  /** Writes nothing before the cluster was read: what is kept might be all there is. */
  #keepOne(): boolean {
    if (!this.#wasSynced) return false;
    try {
      return this.#keeper.writeOne(this.objects.kinds);
    } catch (thrown) {
      this.#deps.log.error(`what the cluster holds could not be kept: ${asGatehouseError(thrown).message}`);
      return false;
    }
  }

  async known(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const synced = new Promise<void>((resolve) => {
      if (this.#wasSynced) resolve();
      this.#waiting.add(resolve);
    });
    const mostMs = this.#hasKept ? Math.min(timeoutMs, this.#deps.times?.keptMs ?? KEPT_MS) : timeoutMs;
    const late = sleep(Math.max(0, mostMs), 'late', { signal: AbortSignal.any([signal, ended.signal]) });
    const outcome = await Promise.race([synced, late])
      .catch(() => Promise.reject(new GatehouseError('draining', 'stopped before the cluster was read')))
      .finally(() => ended.abort());
    if (outcome !== 'late' || this.#hasKept) return;
    const [why = 'the cluster was not read yet'] = troublesOf(this.#watches.state, false);
    throw new GatehouseError('not_ready', `kubernetes: ${why}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keeping);
    this.#watches[Symbol.dispose]();
    this.objects[Symbol.dispose]();
    while (this.#keepOne());
  }
}
