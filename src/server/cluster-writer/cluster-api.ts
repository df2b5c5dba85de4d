/**
 * What an API server serves of the kinds that we write, and the namespace that we are in.
 * @module
 */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { KubernetesError } from '../../platform/kubernetes/kubernetes-error.ts';

const list = z.object({ resources: z.array(z.object({ name: z.string() })).nullish() });

/** Of certificates.k8s.io, the best first: v1 itself is served everywhere, for another kind. */
const versions = ['v1', 'v1beta1'];

/** The versions in which each kind is served, the best first. @throws KubernetesError when the API server cannot say */
export async function servedVersions(
  client: KubernetesClient,
  signal: AbortSignal,
): Promise<(plural: string) => string[]> {
  const served = await Promise.all(
    versions.map(async (version) => [version, await resourcesOf(client, version, signal)] as const),
  );
  return (plural) => served.flatMap(([version, names]) => (names.has(plural) ? [version] : []));
}

async function resourcesOf(
  client: KubernetesClient,
  version: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  try {
    const { resources } = list.parse(await client.request({ path: `/apis/certificates.k8s.io/${version}`, signal }));
    return new Set((resources ?? []).map(({ name }) => name));
  } catch (thrown) {
    if (thrown instanceof KubernetesError && thrown.code === 404) return new Set();
    throw thrown;
  }
}

const OWN_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** The namespace of our pod; `default` outside of a cluster. */
export async function ownNamespace(kubeconfig: string): Promise<string> {
  if (kubeconfig !== '') return 'default';
  try {
    return (await readFile(OWN_NAMESPACE, 'utf8')).trim() || 'default';
  } catch {
    return 'default';
  }
}
