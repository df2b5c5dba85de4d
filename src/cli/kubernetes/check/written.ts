/**
 * What Gatehouse writes to the cluster by itself: the Lease of the replica that writes, and the roots that pods mount.
 * @module
 */
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { discover } from '../../../platform/kubernetes/discovery.ts';
import { bad, good, type Outcome, warning } from '../../check/outcome.ts';
import type { Installation } from '../chart/resolve.ts';
import type { Values } from '../chart/values.ts';
import { lookFor } from './objects.ts';

const CERTIFICATES = 'certificates.k8s.io';
const PATIENCE_MS = 60_000;

/** Whether the cluster has what certificates that kubelets mount take. @throws KubernetesError */
export async function checkPodCertificates(client: KubernetesClient): Promise<readonly Outcome[]> {
  const wanted = ['PodCertificateRequest', 'ClusterTrustBundle'].map((kind) => ({
    id: kind,
    kind,
    groups: [{ group: CERTIFICATES, versions: ['v1', 'v1beta1'] }],
  }));
  const { served } = await discover(client, wanted, AbortSignal.timeout(PATIENCE_MS));
  return wanted.map(({ kind }) => {
    const found = served.get(kind);
    if (found !== undefined) return good('served', `${kind}: ${CERTIFICATES}/${found.version}`);
    const fix = 'use Kubernetes 1.37, or signer.enabled: false';
    return bad('not-served', `${kind} is not served: no kubelet mounts certificates here`, fix);
  });
}

/** The bundle of our signer. @throws KubernetesError */
export async function checkBundle(client: KubernetesClient, to: Installation): Promise<readonly Outcome[]> {
  const { signer } = to.values as Values; // the schema made them
  const name = `${signer.name.replace('/', ':')}:v1`;
  const found = await lookFor(client, `/apis/${CERTIFICATES}/v1/clustertrustbundles/${name}`);
  if (found === 'missing')
    return [
      bad(
        'bundle-missing',
        `ClusterTrustBundle ${name} is missing: pods that mount it do not start`,
        'Gatehouse writes it once it runs and may: see objects and permissions, and its log',
      ),
    ];
  if (found === 'refused') return [warning('not-visible', `ClusterTrustBundle ${name} cannot be seen`, '')];
  return [good('bundle', `ClusterTrustBundle ${name} is there`)];
}

interface Lease {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

/** Who writes. @throws KubernetesError */
export async function checkLease(client: KubernetesClient, to: Installation): Promise<readonly Outcome[]> {
  const { name } = to.values as Values; // the schema made them
  const path = `/apis/coordination.k8s.io/v1/namespaces/${to.namespace}/leases/${name}`;
  const found = await lookFor<Lease>(client, path);
  if (found === 'refused') return [warning('not-visible', `Lease ${name} cannot be seen: we may not get it`, '')];
  const {
    holderIdentity = '',
    renewTime = '',
    leaseDurationSeconds = 0,
  } = found === 'missing' ? {} : (found.spec ?? {});
  const agoSeconds = (Date.now() - Date.parse(renewTime)) / 1000;
  // The clocks of both may differ by what the section on the cluster lets pass.
  if (holderIdentity !== '' && agoSeconds < leaseDurationSeconds + CLOCKS_SECONDS)
    return [good('lease', `${holderIdentity} writes to the cluster, by Lease ${name}`)];
  const fix = 'Gatehouse takes it once it runs and may: see objects and permissions, and its log';
  return [bad('lease-free', `nobody holds Lease ${name}: nothing is signed or told`, fix)];
}

const CLOCKS_SECONDS = 10;
