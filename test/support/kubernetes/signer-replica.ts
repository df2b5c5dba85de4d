/**
 * Replicas of the signer of a cluster, over an authority of the test, and what they may.
 * @module
 */
import { Registry } from 'prom-client';
import type { Authority } from '../../../src/identity/authority/authority.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { kubernetesClient } from '../../../src/platform/kubernetes/client.ts';
import { createPodCertificateMetrics } from '../../../src/platform/observe/cluster/pod-certificate-metrics.ts';
import { createLog } from '../../../src/platform/observe/log.ts';
import { openClusterWriter } from '../../../src/server/cluster-writer/cluster-writer.ts';
import { entitlementOf } from '../authority.ts';
import type { ApiServer } from './api-server.ts';
import { SIGNER } from './pod-volumes.ts';
import type { User } from './users.ts';

/** What the role of a signer may, and nothing else. */
export async function allowSigner(server: ApiServer, namespace = 'gatehouse-system'): Promise<User> {
  if (namespace !== 'default') await server.namespace(namespace);
  const signer = await server.serviceAccount(namespace, 'gatehouse');
  await server.create(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: gatehouse }
rules:
  - { apiGroups: [""], resources: [pods, serviceaccounts], verbs: [get] }
  - { apiGroups: [certificates.k8s.io], resources: [podcertificaterequests], verbs: [get, list, watch] }
  - { apiGroups: [certificates.k8s.io], resources: [podcertificaterequests/status], verbs: [patch] }
  - { apiGroups: [certificates.k8s.io], resources: [clustertrustbundles], verbs: [get, list, watch, create, patch] }
  - { apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [${SIGNER}], verbs: [sign, attest] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: gatehouse }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: gatehouse }
subjects: [{ kind: ServiceAccount, name: gatehouse, namespace: ${namespace} }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: gatehouse-leader, namespace: ${namespace} }
rules:
  - { apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create] }
  - { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [gatehouse], verbs: [get, update] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: gatehouse-leader, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: gatehouse-leader }
subjects: [{ kind: ServiceAccount, name: gatehouse, namespace: ${namespace} }]
`);
  return signer;
}

export interface Replica extends AsyncDisposable {
  /** Its log. */
  readonly lines: string[];
  readonly degraded: () => readonly string[];
  /** Its metrics as Prometheus reads them. */
  readonly metrics: () => Promise<string>;
}

/** One replica. An account whose name begins with `stranger` has no identity. */
export async function openReplica(authority: Authority, { kubeconfig }: User): Promise<Replica> {
  const lines: string[] = [];
  const registry = new Registry();
  let degraded: readonly string[] = [];
  const client = await kubernetesClient(kubeconfig);
  const writer = await openClusterWriter({
    ...{ client, openTenants: undefined },
    config: {
      kubeconfig,
      signer: { name: SIGNER, ttlMs: 86_400_000 },
      leader: { namespace: 'gatehouse-system', lease: 'gatehouse' },
    },
    board: { degrade: (_part, what) => (degraded = what) },
    log: createLog('info', { write: (line) => lines.push(line) }),
    metrics: createPodCertificateMetrics(registry),
    authority,
    source: authority,
    objects: undefined,
    identityOf: (request) =>
      request.account.name.startsWith('stranger')
        ? undefined
        : { entry: { ...entitlementOf(request.account.name), selectors: [], origin: '' }, selectors: [] },
    identities: createWatchable(0),
  });
  return {
    lines,
    degraded: () => degraded,
    metrics: () => registry.metrics(),
    [Symbol.asyncDispose]: async () => {
      await writer?.[Symbol.asyncDispose]();
      await client.close();
    },
  };
}
