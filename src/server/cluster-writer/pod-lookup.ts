/**
 * Looks up the pod and the account of a request where they are kept, so that nothing of it is older than the question.
 * @module
 */
import * as z from 'zod';
import { readPod } from '../../identity/attestation/kubernetes/pod-facts.ts';
import type { Found } from '../../identity/delivery/pod-certificates/judge-pod.ts';
import type { PodCertificateRequest } from '../../identity/delivery/pod-certificates/request.ts';
import type { KubernetesClient } from '../../platform/kubernetes/client.ts';
import { KubernetesError } from '../../platform/kubernetes/kubernetes-error.ts';

const accountSchema = z.object({ metadata: z.object({ uid: z.string() }) });

/** Nobody waits longer than this for an API server. */
const ASK_MS = 10_000;

/** What is there under the names of a request. @throws Error when the API server cannot say */
export async function lookUp(
  client: KubernetesClient,
  { namespace, pod, account }: PodCertificateRequest,
): Promise<Found> {
  const at = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const [podAnswer, accountAnswer] = await Promise.all([
    found(client, `${at}/pods/${encodeURIComponent(pod.name)}`),
    found(client, `${at}/serviceaccounts/${encodeURIComponent(account.name)}`),
  ]);
  const facts = podAnswer === undefined ? undefined : readPod(podAnswer);
  if (podAnswer !== undefined && facts === undefined)
    throw new Error(`what the API server has as pod ${namespace}/${pod.name} cannot be read`);
  return {
    pod: facts,
    account: accountAnswer === undefined ? undefined : { uid: accountSchema.parse(accountAnswer).metadata.uid },
  };
}

async function found(client: KubernetesClient, path: string): Promise<unknown> {
  try {
    return await client.request({ path, signal: AbortSignal.timeout(ASK_MS) });
  } catch (thrown) {
    if (thrown instanceof KubernetesError && thrown.code === 404 && thrown.reason === 'NotFound') return undefined;
    throw thrown;
  }
}
