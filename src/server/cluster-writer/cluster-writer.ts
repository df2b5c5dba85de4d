/**
 * The cluster as the authority writes to it: one of its replicas, by a Lease.
 * @module
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { KubernetesConfig } from '../../config/config.ts';
import type { Watchable } from '../../lib/watchable.ts';
import { takePart } from '../../platform/kubernetes/leader/leadership.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import { ownNamespace } from './cluster-api.ts';
import { type PodSignerDeps, runPodSigner } from './pod-signer.ts';
import { publishersWord } from './publish-roots.ts';
import { type PolicyObjects, tellObjects } from './tell-objects.ts';
import { type OpenTenant, tellProofs } from './tell-proofs.ts';

export interface ClusterWriterDeps extends Omit<PodSignerDeps, 'config' | 'state'> {
  /** Policies of the cluster; undefined: none are read out of it, or nothing of them is to be told. */
  readonly objects: PolicyObjects | undefined;
  /** Tenants that are not alone; undefined: nothing is proved, or nothing of it is to be told. */
  readonly openTenants: Watchable<readonly OpenTenant[]> | undefined;
  readonly config: Pick<KubernetesConfig, 'kubeconfig' | 'signer' | 'leader'>;
  readonly board: Pick<ReadinessBoard, 'degrade'>;
  readonly log: Log;
}

/** Takes part in the election, and writes while it leads; undefined where there is nothing to write. */
export async function openClusterWriter(deps: ClusterWriterDeps): Promise<AsyncDisposable | undefined> {
  const { config, client, board, log, source, metrics, objects, openTenants: open } = deps;
  const { signer } = config;
  if (signer === undefined && objects === undefined && open === undefined) return undefined;
  await using stack = new AsyncDisposableStack();
  // Until somebody is seen to have published the roots, nobody may believe that nobody needs them.
  if (signer !== undefined) source.acknowledge(publishersWord(signer.name, 0));
  const troubles = createTroubles(board, log);
  const namespace = config.leader.namespace || (await ownNamespace(config.kubeconfig));
  const leadership = stack.use(
    takePart({
      ...{ client, namespace, name: config.leader.lease, identity: `${hostname()}_${randomUUID()}` },
      trouble: (why) => troubles.say('leader', why),
    }),
  );
  const working = stack.adopt(new Work(), (each) => each.end());
  leadership.leads.subscribe((leads) => {
    metrics.setLeads(leads);
    log.info(leads ? 'this replica writes to the cluster now' : 'another replica writes to the cluster, or none');
    working.end();
    for (const part of ['requests', 'roots', 'status', 'tenants'] as const) troubles.say(part, '');
    if (!leads) return;
    const ends = working.begin();
    const state: typeof troubles.say = (part, why) => (ends.aborted ? undefined : troubles.say(part, why));
    if (signer !== undefined) void runPodSigner({ ...deps, config: signer, state }, ends);
    if (objects !== undefined) tellObjects({ client, objects, state: (why) => state('status', why) }, ends);
    if (open !== undefined)
      tellProofs({ client, open, ownNamespace: namespace, state: (why) => state('tenants', why) }, ends);
  });
  metrics.setLeads(leadership.leads.value);
  const opened = stack.move();
  return { [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** What a leader does, until it leads no more. */
class Work {
  #controller = new AbortController();

  begin(): AbortSignal {
    this.#controller = new AbortController();
    return this.#controller.signal;
  }

  end(): void {
    this.#controller.abort();
  }
}

/** What does not go well, told once each. */
function createTroubles(board: ClusterWriterDeps['board'], log: Log) {
  const whys = new Map<string, string>();
  return {
    say(part: 'leader' | 'requests' | 'roots' | 'status' | 'tenants', why: string): void {
      if ((whys.get(part) ?? '') === why) return;
      if (why === '') whys.delete(part);
      else {
        whys.set(part, why);
        log.warn({ part }, `kubernetes ${part}: ${why}`);
      }
      board.degrade(
        'kubernetes-writer',
        [...whys].map(([name, each]) => `kubernetes ${name}: ${each}`),
      );
    },
  };
}
