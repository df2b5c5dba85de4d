/**
 * Which kinds the cluster serves, of those that policies and ways to certificates are made of.
 * @module
 */
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { bad, good, type Outcome } from '../../check/outcome.ts';

interface Wanted {
  readonly group: string;
  /** Those that we know. */
  readonly versions: readonly string[];
  readonly what: string;
  /** Whether nothing works without. */
  readonly isNeeded?: true;
}

const wanted: readonly Wanted[] = [
  { group: 'apps', versions: ['v1'], what: 'what an installation is made of', isNeeded: true },
  { group: 'rbac.authorization.k8s.io', versions: ['v1'], what: 'roles', isNeeded: true },
  { group: 'policy', versions: ['v1'], what: 'disruption budgets', isNeeded: true },
  { group: 'authentication.k8s.io', versions: ['v1'], what: 'service account tokens', isNeeded: true },
  { group: 'networking.k8s.io', versions: ['v1'], what: "Kubernetes' network policies", isNeeded: true },
  { group: 'policy.networking.k8s.io', versions: ['v1alpha2'], what: 'ClusterNetworkPolicy' },
  { group: 'security.istio.io', versions: ['v1', 'v1beta1'], what: "Istio's policies" },
  { group: 'projectcalico.org', versions: ['v3'], what: "Calico's policies, by its API server" },
  { group: 'crd.projectcalico.org', versions: ['v1'], what: "Calico's policies, as it keeps them" },
];

interface ApiGroups {
  readonly groups: readonly { readonly name: string; readonly versions: readonly { readonly version: string }[] }[];
}

/** Looks at what is served. @throws KubernetesError */
export async function checkKinds(client: KubernetesClient): Promise<readonly Outcome[]> {
  const { groups } = await client.request<ApiGroups>({ path: '/apis' });
  const served = new Map(groups.map(({ name, versions }) => [name, versions.map(({ version }) => version)]));
  return wanted.map((each) => outcomeOf(each, served.get(each.group) ?? []));
}

function outcomeOf({ group, versions, what, isNeeded }: Wanted, served: readonly string[]): Outcome {
  const known = versions.find((version) => served.includes(version));
  if (known !== undefined) return good('served', `${what}: ${group}/${known}`);
  if (served.length > 0)
    return bad(
      'version-unknown',
      `${what}: ${group} is served as ${served.join(', ')}, and we read ${versions.join(', ')}: nothing of it would be in force`,
      `serve it as ${versions[0]} too, or run a newer Gatehouse`,
    );
  if (isNeeded !== true) return good('not-served', `${what}: none here (${group} is not served)`);
  return bad('not-served', `${what}: ${group}/${versions[0]} is not served`, 'let the API server serve it');
}
