/**
 * A node's proxy speaks for the pods of its node (ztunnel): for an account that runs there, and for no other.
 * @module
 */
import * as z from 'zod';
import { GatehouseError } from '../../../errors.ts';
import { type ApiServer, ask } from './api-server.ts';
import { type PodFacts, readPod } from './pod-facts.ts';
import type { TokenHolder } from './token-attestor.ts';

const list = z.object({ items: z.array(z.unknown()) });

/** A service account. */
interface Account {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface NodeProxyDeps {
  readonly server: ApiServer;
  /** Accounts of node proxies, `NAMESPACE/NAME`; empty: nobody speaks for others. */
  readonly nodeProxies: readonly string[];
}

/**
 * The pods of that account for which this holder of a token may speak: those that run on the node of its own pod. Never empty.
 *
 * @throws GatehouseError `caller_unauthenticated` when it may not; `unreachable`
 */
export async function podsBehind(
  proxy: TokenHolder,
  { namespace, serviceAccount }: Account,
  { server, nodeProxies }: NodeProxyDeps,
): Promise<readonly PodFacts[]> {
  const own = `${proxy.pod.namespace}/${proxy.pod.serviceAccount}`;
  const wanted = `${namespace}/${serviceAccount}`;
  if (!nodeProxies.includes(own)) throw refuseImpersonation(`${own} is in none of attestation.kubernetes.nodeProxies`);
  const { node } = proxy;
  if (node === undefined || node === '')
    throw refuseImpersonation(`the token of ${own} does not say on which node it runs`);
  const answer = await ask(server, {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    query: { fieldSelector: `spec.nodeName=${node}` },
  });
  const pods = (list.safeParse(answer).data?.items ?? []).flatMap((each) => readPod(each) ?? []);
  const behind = pods.filter(
    (pod) => pod.namespace === namespace && pod.serviceAccount === serviceAccount && pod.node === node && !pod.hasEnded,
  );
  if (behind.length === 0) throw refuseImpersonation(`no pod of ${wanted} runs on ${node}, where ${own} asks for it`);
  return behind;
}

/** Says no in Istio's words; why stands in the log. */
export function refuseImpersonation(why: string): GatehouseError {
  return new GatehouseError('caller_unauthenticated', `the caller speaks for another, and may not: ${why}`, {
    peerText: 'request impersonation authentication failure',
  });
}
