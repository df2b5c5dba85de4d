/**
 * Whether the pod and the account that a token names still are the ones that it was made for: names come again, UIDs do not.
 * @module
 */
import * as z from 'zod';
import { type ApiServer, ask } from './api-server.ts';
import { type PodFacts, readPod } from './pod-facts.ts';
import { refusedToken } from './token-refusal.ts';

/** The pod that is spoken of, and whose it is said to be. */
export interface PodClaim {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
  /** Undefined: nobody says. */
  readonly serviceAccountUid?: string | undefined;
  readonly node?: string | undefined;
}

const account = z.object({ metadata: z.object({ uid: z.string(), deletionTimestamp: z.string().nullish() }) });

/**
 * Looks both up at the API server.
 *
 * @returns the pod as it is now
 * @throws GatehouseError `caller_unauthenticated`, `details.reason`; `unreachable`
 */
export async function livingPod(server: ApiServer, claim: PodClaim): Promise<PodFacts> {
  const { namespace, serviceAccount, podName, podUid, serviceAccountUid, node } = claim;
  const says = { namespace, serviceAccount, pod: podName };
  const at = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const [podAnswer, accountAnswer] = await Promise.all([
    ask(server, { path: `${at}/pods/${encodeURIComponent(podName)}` }),
    ask(server, { path: `${at}/serviceaccounts/${encodeURIComponent(serviceAccount)}` }),
  ]);
  const pod = readPod(podAnswer);
  const read = account.safeParse(accountAnswer);
  if (pod === undefined) throw refusedToken('pod_gone', says);
  if (pod.uid !== podUid) throw refusedToken('pod_gone', says, 'another one has its name');
  if (pod.isTerminating) throw refusedToken('pod_terminating', says);
  if (pod.hasEnded) throw refusedToken('pod_ended', says);
  if (pod.namespace !== namespace || pod.serviceAccount !== serviceAccount)
    throw refusedToken('other_account', says, `it is ${pod.serviceAccount}`);
  if (node !== undefined && pod.node !== node) throw refusedToken('other_node', says, `it is ${pod.node || 'none'}`);
  if (!read.success) throw refusedToken('account_gone', says);
  if (serviceAccountUid !== undefined && read.data.metadata.uid !== serviceAccountUid)
    throw refusedToken('account_recreated', says);
  return pod;
}
