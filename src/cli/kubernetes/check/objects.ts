/**
 * Whether the objects of an installation are there, and run.
 * @module
 */
import type { KubernetesClient } from '../../../platform/kubernetes/client.ts';
import { KubernetesError } from '../../../platform/kubernetes/kubernetes-error.ts';
import { bad, good, type Outcome, warning } from '../../check/outcome.ts';

/** An object as it is applied. */
export interface InstalledObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface ObjectPlace {
  readonly group: string;
  /** In lower case, many. */
  readonly resource: string;
  readonly namespace: string | undefined;
  /** Of the object itself. */
  readonly path: string;
}

/** Where an object of ours is kept; the names of its kinds follow the rules. */
export function pathOf({ apiVersion, kind, metadata: { name, namespace } }: InstalledObject): ObjectPlace {
  const [group, base] = apiVersion.includes('/')
    ? [apiVersion.split('/')[0]!, `/apis/${apiVersion}`]
    : ['', `/api/${apiVersion}`];
  const resource = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  const inside = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return { group, resource, namespace, path: `${base}${inside}/${resource}/${name}` };
}

interface Found {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly readyReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly phase?: string;
  };
}

/** Looks for each. @throws KubernetesError */
export function checkObjects(
  client: KubernetesClient,
  objects: readonly InstalledObject[],
): Promise<readonly Outcome[]> {
  return Promise.all(objects.map((object) => checkObject(client, object)));
}

async function checkObject(client: KubernetesClient, object: InstalledObject): Promise<Outcome> {
  const name = `${object.kind} ${object.metadata.name}`;
  const found = await lookFor<Found>(client, pathOf(object).path);
  if (found === 'refused')
    return warning('not-visible', `${name} cannot be seen: we may not get it`, 'ask as somebody who may');
  if (found === 'missing')
    return bad(
      'missing',
      `${name} is missing`,
      'apply the manifests: gatehouse kubernetes manifests | kubectl apply -f -',
    );
  return readiness(object, name, found) ?? good('there', `${name} is there`);
}

/** An object, or why there is none to be seen. @throws KubernetesError for what is neither */
export async function lookFor<T>(client: KubernetesClient, path: string): Promise<T | 'missing' | 'refused'> {
  try {
    return await client.request<T>({ path });
  } catch (thrown) {
    if (thrown instanceof KubernetesError && thrown.code === 404) return 'missing';
    if (thrown instanceof KubernetesError && thrown.code === 403) return 'refused';
    throw thrown;
  }
}

function readiness({ kind }: InstalledObject, name: string, { spec, status = {} }: Found): Outcome | undefined {
  if (!['StatefulSet', 'Deployment', 'DaemonSet'].includes(kind)) return undefined;
  const [ready = 0, wanted = 0] =
    kind === 'DaemonSet' ? [status.numberReady, status.desiredNumberScheduled] : [status.readyReplicas, spec?.replicas];
  const message = `${name}: ${ready} of ${wanted} ready`;
  if (wanted > 0 && ready === wanted) return good('ready', message);
  const fix = `look why: kubectl describe pods -l app.kubernetes.io/part-of=gatehouse; kubectl logs of one that runs`;
  return ready > 0 ? warning('not-all-ready', message, fix) : bad('not-ready', message, fix);
}
