/**
 * A kubelet as far as a volume with a podCertificate and a clusterTrustBundle needs one: it asks as its node, and mounts what it is given.
 * @module
 */
import { opensslCsr } from '../pod-certificate-requests.ts';
import type { ApiBody } from './api-client.ts';
import type { ApiServer } from './api-server.ts';
import type { User } from './users.ts';

export const SIGNER = 'gatehouse.io/workload';
export const requestsPath = (namespace: string): string =>
  `/apis/certificates.k8s.io/v1/namespaces/${namespace}/podcertificaterequests`;

/** A pod that mounts both, as the API server has it. */
export interface MountingPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly account: { readonly name: string; readonly uid: string };
  readonly node: { readonly name: string; readonly uid: string };
}

/** Makes a node, and the user that its kubelet is. */
export async function makeNode(
  server: ApiServer,
  name: string,
): Promise<{ readonly uid: string; readonly kubelet: User }> {
  const { metadata } = await server.admin.api.must('POST', '/api/v1/nodes', { metadata: { name } });
  return { uid: metadata.uid, kubelet: server.user(`system:node:${name}`, 'system:nodes') };
}

/** Makes a pod on a node; its account is made where it is not there. */
export async function makePod(
  server: ApiServer,
  {
    namespace,
    name,
    account,
    node,
    signer = SIGNER,
  }: { namespace: string; name: string; account: string; node: string; signer?: string },
): Promise<MountingPod> {
  const { api } = server.admin;
  await api.ask('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: account } }); // 409 where it is there
  const { metadata: ofAccount } = await api.must('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${account}`);
  const { metadata: ofNode } = await api.must('GET', `/api/v1/nodes/${node}`);
  const sources = [
    {
      podCertificate: {
        signerName: signer,
        keyType: 'ECDSAP256',
        maxExpirationSeconds: 3600,
        credentialBundlePath: 'svid.pem',
      },
    },
    { clusterTrustBundle: { signerName: signer, labelSelector: {}, path: 'roots.pem' } },
  ];
  const { metadata } = await api.must('POST', `/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name },
    spec: {
      serviceAccountName: account,
      automountServiceAccountToken: false,
      nodeName: node,
      containers: [{ name: 'c', image: 'example.com/app:1' }],
      volumes: [{ name: 'identity', projected: { sources } }],
    },
  });
  return {
    namespace,
    name,
    uid: metadata.uid,
    account: { name: account, uid: ofAccount.uid },
    node: { name: node, uid: ofNode.uid },
  };
}

/** What a kubelet of 1.37 asks for a pod. */
export function requestFor(pod: MountingPod, spec: Readonly<Record<string, unknown>> = {}, key?: readonly string[]) {
  return {
    metadata: {
      generateName: 'req-',
      namespace: pod.namespace,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }],
    },
    spec: {
      signerName: SIGNER,
      podName: pod.name,
      podUID: pod.uid,
      serviceAccountName: pod.account.name,
      serviceAccountUID: pod.account.uid,
      nodeName: pod.node.name,
      nodeUID: pod.node.uid,
      maxExpirationSeconds: 3600,
      stubPKCS10Request: opensslCsr(key ?? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']).toString('base64'),
      ...spec,
    },
  };
}

/** `status` of a request. */
export interface AnsweredStatus {
  readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message?: string }[];
  readonly certificateChain?: string;
  readonly notBefore?: string;
  readonly beginRefreshAt?: string;
  readonly notAfter?: string;
}

/** The status of a request now; undefined while it has no answer. */
export async function answerOf(
  server: ApiServer,
  { metadata }: ApiBody & { metadata: { namespace?: string } },
): Promise<AnsweredStatus | undefined> {
  const path = `${requestsPath(metadata.namespace ?? '')}/${metadata.name}`;
  const { status } = await server.admin.api.must('GET', path);
  const read = (status ?? {}) as AnsweredStatus; // as the API has it
  return read.conditions?.length ? read : undefined;
}
