/**
 * What the cluster tells of callers: pods of this node, holders of tokens, and the namespaces whose accounts need no entry.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Config } from '../../../config/config.ts';
import { createClusterKeys } from '../../../identity/attestation/kubernetes/cluster-keys.ts';
import { createNodePods } from '../../../identity/attestation/kubernetes/node-pods.ts';
import { podsBehind } from '../../../identity/attestation/kubernetes/node-proxy.ts';
import { createPodAttestor, type PodAttestor } from '../../../identity/attestation/kubernetes/pod-attestor.ts';
import { type PodFacts, readPod } from '../../../identity/attestation/kubernetes/pod-facts.ts';
import { livingPod } from '../../../identity/attestation/kubernetes/pod-life.ts';
import { type WantedOfPods, wantedOfPods } from '../../../identity/attestation/kubernetes/pod-selectors.ts';
import { createTokenAttestor } from '../../../identity/attestation/kubernetes/token-attestor.ts';
import type { ClusterCallers } from '../../../identity/delivery/istio-ca/pod-callers.ts';
import type { Entry } from '../../../identity/registration/entry.ts';
import { createImplicitEntry, type ImplicitEntry } from '../../../identity/registration/implicit-entries.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { Watchable } from '../../../lib/watchable.ts';
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { watchObjects } from '../../../platform/kubernetes/watch-objects.ts';
import { impliedNamespaces } from './implied-namespaces.ts';

/** Attestation by a cluster, open. */
export interface ClusterAttestation extends Disposable {
  /** Undefined: we know of no node that we are on. */
  readonly pods: PodAttestor | undefined;
  readonly implicit: ImplicitEntry;
  /** Replaced when namespaces come or go whose accounts need no entry. */
  readonly implied: Watchable<ReadonlySet<string>>;
  readonly callers: ClusterCallers;
}

export interface ClusterAttestationDeps {
  readonly config: Config;
  readonly client: KubernetesClient;
  readonly entries: Watchable<readonly Entry[]>;
  /** Told of each watch that is behind, and why; `''`: it is followed. */
  readonly said: (watch: 'pods' | 'namespaces', why: string) => void;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Begins to watch; undefined where the configuration asks for nothing of the kind. */
export function openClusterAttestation(deps: ClusterAttestationDeps): ClusterAttestation | undefined {
  const { config, client, entries, said, environment = process.env } = deps;
  const { kubernetes } = config.attestation;
  if (kubernetes === undefined) return undefined;
  const stopping = new AbortController();
  const { signal } = stopping;
  const wanted = wantedNow(entries);
  const implied = impliedNamespaces({ ...kubernetes.implicit, client, signal, own: ownNamespace(environment), said });
  const { x509SvidTtlMs, jwtSvidTtlMs } = config.authority;
  const implicit = createImplicitEntry({
    trustDomain: config.trustDomain,
    namespaces: implied,
    terms: () => ({ x509SvidTtlMs, jwtSvidTtlMs, federatesWith: kubernetes.implicit.federatesWith }),
  });
  const node = kubernetes.nodeName ?? environment['NODE_NAME'];
  const clock = systemClock;
  const tokens = createTokenAttestor({ ...kubernetes, server: client, keys: createClusterKeys(client, clock), clock });
  return {
    pods: node === undefined || node === '' ? undefined : watchPods(node, deps, wanted, signal),
    implicit,
    implied,
    callers: {
      ...{ tokens, implicit, wanted, clock },
      livingPod: (claim) => livingPod(client, claim),
      podsBehind: (proxy, account) =>
        podsBehind(proxy, account, { server: client, nodeProxies: kubernetes.nodeProxies }),
      clusterId: kubernetes.clusterId,
      renewForMs: kubernetes.renewForMs,
    },
    [Symbol.dispose]: () => stopping.abort(),
  };
}

function watchPods(
  node: string,
  { client, said }: ClusterAttestationDeps,
  wanted: () => WantedOfPods,
  signal: AbortSignal,
): PodAttestor {
  const pods = createNodePods(node);
  const resource = { group: '', version: 'v1', plural: 'pods', fieldSelector: `spec.nodeName=${node}` };
  watchObjects<PodFacts | undefined>(
    client,
    resource,
    { ...pods, keep: readPod, state: ({ why }) => said('pods', why) },
    signal,
  );
  return createPodAttestor({ pods, wanted });
}

/** What entries ask of pods, found anew only when they have changed. */
function wantedNow(entries: Watchable<readonly Entry[]>): () => WantedOfPods {
  let of: readonly Entry[] = [];
  let wanted = wantedOfPods([]);
  return () => {
    if (of !== entries.value) {
      of = entries.value;
      wanted = wantedOfPods(of.flatMap(({ selectors }) => selectors));
    }
    return wanted;
  };
}

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** The namespace of our own pod; undefined where we are in none. */
function ownNamespace(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const told = environment['POD_NAMESPACE'];
  if (told) return told;
  try {
    return readFileSync(NAMESPACE_FILE, 'utf8').trim() || undefined;
  } catch {
    return undefined; // no pod, or one without a service account
  }
}
