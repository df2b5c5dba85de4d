/**
 * The sources of policy over a cluster, as a server opens them, without the rest of a server.
 */

import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/read-config.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { kubernetesClient } from '../../../src/platform/kubernetes/client.ts';
import { createMetrics, type Metrics } from '../../../src/platform/observe/metrics.ts';
import { createReadinessBoard, type ReadinessBoard } from '../../../src/platform/observe/readiness.ts';
import { openStoredTexts } from '../../../src/platform/storage/stored-texts.ts';
import type { PolicyLoad, PolicySources } from '../../../src/policy/sources/policy-sources.ts';
import { type ClusterPolicyDeps, openCluster } from '../../../src/server/policy/cluster-policies.ts';
import { openPolicies } from '../../../src/server/policy/policy-sources.ts';
import type { TempDir } from '../temp-dir.ts';

export interface ClusterSources extends AsyncDisposable {
  readonly sources: PolicySources;
  readonly board: ReadinessBoard;
  readonly metrics: Metrics;
  load(): PolicyLoad;
}

interface ClusterSettings {
  /** Of `kubernetes`. */
  readonly more?: object;
  /** Of the configuration. */
  readonly rest?: object;
  readonly timeoutMs?: number;
  readonly streamSeconds?: number;
}

/** Waits that a test does not feel. */
const quick: NonNullable<ClusterPolicyDeps['times']> = {
  ...{ firstWaitMs: 5, mostWaitMs: 50, discoveryMs: 60, keepMs: 10, keptMs: 500 },
};

/** Opens them over a data directory in `dir`. */
export async function clusterSources(
  dir: TempDir,
  kubeconfig: string,
  { more = {}, rest = {}, timeoutMs = 20_000, streamSeconds = 300 }: ClusterSettings = {},
): Promise<ClusterSources> {
  await using stack = new AsyncDisposableStack();
  const config = configOf(dir, { kubernetes: { kubeconfig, ...more }, policies: { paths: [] }, ...rest });
  const kept = stack.use(openStoredTexts(config.dataDir));
  const board = createReadinessBoard(['policies']);
  const looks: (() => void | Promise<void>)[] = [];
  const look = async (): Promise<void> => {
    for (const each of looks) await each();
  };
  const metrics = createMetrics({ latencyBounds: [1], look });
  const log = pino({ level: 'silent' });
  const client = stack.adopt(await kubernetesClient(kubeconfig), (each) => each.close());
  const cluster = stack.use(
    (await openCluster({
      ...{ config: createWatchable(config), cluster: { client: async () => client }, kept, log, board, metrics, looks },
      times: { ...quick, streamSeconds },
    }))!,
  );
  await cluster.known(timeoutMs, new AbortController().signal);
  const fail = (thrown: unknown): void =>
    queueMicrotask(() => {
      throw thrown;
    });

  const sources = stack.use(await openPolicies(config, kept, fail, cluster.objects));
  const opened = stack.move();
  return {
    ...{ sources, board, metrics },
    load: () => sources.current.value,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function configOf(dir: TempDir, more: object): Config {
  const file = dir.at('gatehouse.yaml');
  writeFileSync(file, JSON.stringify({ trustDomain: 'cluster.local', dataDir: '.', ...more }));
  return loadConfig(file);
}
