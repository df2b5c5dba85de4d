/**
 * Which kinds an API server serves now, and by which version.
 * @module
 */
import type { KubernetesClient } from './client.ts';
import { isRecord, KubernetesError } from './kubernetes-error.ts';

/** A kind that is looked for. */
export interface WantedKind {
  readonly id: string;
  readonly kind: string;
  /** Groups and versions that it may be served by, best first. */
  readonly groups: readonly { readonly group: string; readonly versions: readonly string[] }[];
}

/** A kind that is served. */
export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** What became of the kinds. */
export interface Discovery {
  /** By id. */
  readonly served: ReadonlyMap<string, ServedKind>;
  /** By id, for kinds that are served in versions that nobody wanted alone: `security.istio.io/v2`. */
  readonly unknown: ReadonlyMap<string, readonly string[]>;
}

interface Resource {
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

/**
 * Asks for the groups that are wanted, and for what is in them.
 *
 * @throws KubernetesError if any of it cannot be said: what is not known to be gone is not gone
 */
export async function discover(
  client: KubernetesClient,
  wanted: readonly WantedKind[],
  signal: AbortSignal,
): Promise<Discovery> {
  const versions = await versionsOf(client, signal);
  const groups = new Set(wanted.flatMap(({ groups: some }) => some.map(({ group }) => group)));
  const resources = new Map<string, readonly Resource[]>();
  for (const group of groups) {
    const some = group === '' ? ['v1'] : (versions.get(group) ?? []);
    const all = await Promise.all(some.map((version) => resourcesOf(client, group, version, signal)));
    resources.set(group, all.flat());
  }
  const served = new Map<string, ServedKind>();
  const unknown = new Map<string, readonly string[]>();
  for (const one of wanted) {
    const found = bestOf(one, resources);
    if (found !== undefined) served.set(one.id, found);
    else {
      const others = otherVersionsOf(one, resources);
      if (others.length > 0) unknown.set(one.id, others);
    }
  }
  return { served, unknown };
}

function bestOf({ kind, groups }: WantedKind, resources: ReadonlyMap<string, readonly Resource[]>) {
  for (const { group, versions } of groups)
    for (const version of versions) {
      const found = resources.get(group)?.find((one) => one.kind === kind && one.version === version);
      if (found !== undefined) return { group, version, plural: found.plural };
    }
  return undefined;
}

function otherVersionsOf({ kind, groups }: WantedKind, resources: ReadonlyMap<string, readonly Resource[]>): string[] {
  return groups.flatMap(({ group }) =>
    (resources.get(group) ?? []).filter((one) => one.kind === kind).map(({ version }) => `${group}/${version}`),
  );
}

async function versionsOf(
  client: KubernetesClient,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const answer = await client.request({ path: '/apis', signal });
  const groups = isRecord(answer) && Array.isArray(answer['groups']) ? answer['groups'] : undefined;
  if (groups === undefined) throw new KubernetesError('GET /apis: the answer is no APIGroupList', { code: 0 });
  return new Map(
    groups.filter(isRecord).map((group) => {
      const versions = Array.isArray(group['versions']) ? group['versions'].filter(isRecord) : [];
      return [String(group['name']), versions.flatMap(({ version }) => (typeof version === 'string' ? [version] : []))];
    }),
  );
}

/** A version that went between two questions has nothing. */
async function resourcesOf(
  client: KubernetesClient,
  group: string,
  version: string,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const answer = await client.request({ path, signal }).catch((thrown: unknown) => {
    if (thrown instanceof KubernetesError && thrown.code === 404) return { resources: [] };
    throw thrown;
  });
  const resources = isRecord(answer) && Array.isArray(answer['resources']) ? answer['resources'] : undefined;
  if (resources === undefined) throw new KubernetesError(`GET ${path}: the answer is no APIResourceList`, { code: 0 });
  return resources.filter(isRecord).flatMap(({ name, kind, verbs }): Resource[] => {
    const isWatched = Array.isArray(verbs) && verbs.includes('watch');
    const isWhole = typeof name === 'string' && typeof kind === 'string' && !name.includes('/');
    return isWatched && isWhole ? [{ version, kind, plural: name }] : [];
  });
}
