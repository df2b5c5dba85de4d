/**
 * Pods on a real API server, and the tokens that a kubelet would project into them.
 * @module
 */
import type { ApiServer } from './api-server.ts';

/** A pod that is there. */
export interface PodThere {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly uid: string;
}

export interface PodWanted {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface TokenAnswer {
  readonly status: { readonly token: string };
}

/** Makes a pod, and its account and namespace where they are not there; nobody starts it. */
export async function makePod(
  { admin: { api } }: Pick<ApiServer, 'admin'>,
  name: string,
  { namespace = 'default', serviceAccount = name, node = 'node-1', labels = {} }: PodWanted = {},
): Promise<PodThere> {
  await api.ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } }); // 409 where it is there, as below
  await api.ask('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: serviceAccount } });
  await api.ask('POST', '/api/v1/nodes', { metadata: { name: node } });
  const { metadata } = await api.must('POST', `/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name, labels },
    spec: {
      nodeName: node,
      serviceAccountName: serviceAccount,
      containers: [{ name: 'app', image: 'example.com/app' }],
    },
  });
  return { namespace, name, serviceAccount, uid: metadata.uid };
}

/** Takes a pod away at once. */
export async function removePod({ admin: { api } }: Pick<ApiServer, 'admin'>, pod: PodThere): Promise<void> {
  await api.must('DELETE', `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}?gracePeriodSeconds=0`);
}

/** A token of the account of a pod. @param boundTo  `null`: nothing; `node`: the node alone */
export async function podToken(
  { admin: { api } }: Pick<ApiServer, 'admin'>,
  pod: PodThere,
  {
    audiences = ['gatehouse'],
    boundTo,
  }: { readonly audiences?: readonly string[]; readonly boundTo?: object | null } = {},
): Promise<string> {
  const ref = boundTo === undefined ? { kind: 'Pod', apiVersion: 'v1', name: pod.name, uid: pod.uid } : boundTo;
  const { status } = await api.must<TokenAnswer>(
    'POST',
    `/api/v1/namespaces/${pod.namespace}/serviceaccounts/${pod.serviceAccount}/token`,
    { spec: { audiences, expirationSeconds: 3600, ...(ref !== null && { boundObjectRef: ref }) } },
  );
  return status.token;
}
