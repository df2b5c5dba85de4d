/**
 * The signer of a cluster: what the replica that leads does for the pods whose certificates and roots a kubelet mounts.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PodSignerConfig } from '../../config/config.ts';
import { asGatehouseError } from '../../errors.ts';
import type { Authority } from '../../identity/authority/authority.ts';
import { type AnswerDeps, createAnswers } from '../../identity/delivery/pod-certificates/answer-request.ts';
import type { PodCertificateRequest } from '../../identity/delivery/pod-certificates/request.ts';
import type { IdentitySource } from '../../identity/source/identity-source.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import type { PodCertificateMetrics } from '../../platform/observe/cluster/pod-certificate-metrics.ts';
import type { Log } from '../../platform/observe/log.ts';
import { servedVersions } from './cluster-api.ts';
import { lookUp } from './pod-lookup.ts';
import { publishRoots } from './publish-roots.ts';
import { signRequests } from './sign-requests.ts';

export interface PodSignerDeps {
  readonly client: KubernetesClient;
  readonly config: PodSignerConfig;
  readonly authority: Pick<Authority, 'signing'>;
  readonly source: Pick<IdentitySource, 'issueX509' | 'bundles' | 'acknowledge'>;
  readonly identityOf: AnswerDeps['identityOf'];
  /** Changes when `identityOf` may answer differently. */
  readonly identities: Pick<Watchable<unknown>, 'subscribe'>;
  readonly log: Log;
  readonly metrics: PodCertificateMetrics;
  /** Told what of it does not go well, by part; empty: it goes well. */
  readonly state: (part: 'requests' | 'roots', why: string) => void;
}

const LOOK_AGAIN_MS = 10_000;

/** Signs and publishes until `signal` aborts. */
export async function runPodSigner(deps: PodSignerDeps, signal: AbortSignal): Promise<void> {
  const { client, config, source, log, metrics } = deps;
  const served = await untilServed(deps, signal);
  if (served === undefined) return;
  const roots = publishRoots(
    {
      ...{ client, version: served.bundles, signerName: config.name, source, log, metrics },
      state: (why) => deps.state('roots', why),
    },
    signal,
  );
  const answers = createAnswers({
    signerName: config.name,
    lifeMs: config.ttlMs,
    source,
    authority: () => deps.authority.signing(),
    published: () => roots.published.value,
    look: (request) => lookUp(client, request),
    identityOf: deps.identityOf,
    clock: systemClock,
  });
  const wake = signRequests(
    {
      ...{ client, version: served.requests, older: olderRequests(client, served.older), answers, log, metrics },
      state: (why) => deps.state('requests', why),
    },
    signal,
  );
  const unsubscribes = [roots.published, deps.identities].map((each) => each.subscribe(wake));
  signal.addEventListener('abort', () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  });
}

interface Served {
  readonly requests: string;
  readonly bundles: string;
  /** Another version of requests; undefined: there is none. */
  readonly older: string | undefined;
}

/** Waits until the API server serves both kinds; undefined: nobody waits any more. */
async function untilServed({ client, state }: PodSignerDeps, signal: AbortSignal): Promise<Served | undefined> {
  while (!signal.aborted) {
    const why = await servedVersions(client, signal).then(
      (versionsOf): Served | string => {
        const [requests, older] = versionsOf('podcertificaterequests');
        const [bundles] = versionsOf('clustertrustbundles');
        if (requests !== undefined && bundles !== undefined) return { requests, bundles, older };
        const missing = requests === undefined ? 'podcertificaterequests' : 'clustertrustbundles';
        return `the API server serves no ${missing} of certificates.k8s.io: Kubernetes 1.37 does, older ones where their feature gates are on`;
      },
      (thrown: unknown) => asGatehouseError(thrown).message,
    );
    if (typeof why !== 'string') return why;
    if (signal.aborted) return undefined;
    state('requests', why);
    await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** A request of the form before shows its key in the version before only. */
function olderRequests(client: KubernetesClient, version: string | undefined) {
  if (version === undefined) return undefined;
  return ({ namespace, name }: PodCertificateRequest, signal: AbortSignal): Promise<unknown> =>
    client.request({
      path: `/apis/certificates.k8s.io/${version}/namespaces/${namespace}/podcertificaterequests/${name}`,
      signal,
    });
}
