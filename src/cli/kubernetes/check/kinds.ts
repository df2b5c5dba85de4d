/**
 * Which kinds the cluster serves, of those that an installation and policies are made of.
 * @module
 */
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { discover, type WantedKind } from '../../../platform/kubernetes/discovery.ts';
import { policyObjectKinds, registryObjectKinds } from '../../../policy/objects/object-kind.ts';
import { bad, good, type Outcome } from '../../check/outcome.ts';
import type { InstalledObject } from './objects.ts';

/** Longer than any answer takes. */
const PATIENCE_MS = 60_000;

/** Looks at what is served; without what it is made of there is no installation. @throws KubernetesError */
export async function checkKinds(
  client: KubernetesClient,
  objects: readonly InstalledObject[],
): Promise<readonly Outcome[]> {
  const needed = [...new Map(objects.map((object) => [object.kind, object])).values()].map(ofObject);
  const read: readonly WantedKind[] = [...registryObjectKinds(), ...policyObjectKinds()];
  const { served, unknown } = await discover(client, [...needed, ...read], AbortSignal.timeout(PATIENCE_MS));
  const missing = needed
    .filter(({ id }) => !served.has(id))
    .map(({ kind, groups }) =>
      bad('not-served', `${kind} of ${groups[0]!.group} is not served`, 'let the API server serve it'),
    );
  return [...missing, ...read.map((wanted) => outcomeOf(wanted, served.get(wanted.id), unknown.get(wanted.id)))];
}

function ofObject({ apiVersion, kind }: InstalledObject): WantedKind {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return { id: `install ${kind}`, kind, groups: [{ group: group!, versions: [version!] }] };
}

function outcomeOf(
  { kind, groups }: WantedKind,
  served: { readonly group: string; readonly version: string } | undefined,
  unknown: readonly string[] | undefined,
): Outcome {
  if (served !== undefined)
    return good('served', `${kind}: ${served.group === '' ? '' : `${served.group}/`}${served.version}`);
  const known = groups.flatMap(({ group, versions }) => versions.map((version) => `${group}/${version}`)).join(', ');
  if (unknown === undefined) return good('not-served', `${kind}: none here (${known})`);
  return bad(
    'version-unknown',
    `${kind} is served as ${unknown.join(', ')}, and we read ${known}: nothing of it would be in force`,
    `serve it as ${known} too, or run a newer Gatehouse`,
  );
}
