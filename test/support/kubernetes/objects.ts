/**
 * Objects of any kind on their way to an API server, and the kinds that are not its own.
 * @module
 */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { eventually } from '../eventually.ts';
import type { ApiClient } from './api-client.ts';
import { crdFiles } from './judge-programs.ts';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly generateName?: string; readonly namespace?: string };
}

interface Crd {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Whose kinds: Istio's, ClusterNetworkPolicy, Calico's as its datastore has them, and the same as its API has them. */
export type CrdsOf = 'istio' | 'clusterNetworkPolicy' | 'calico' | 'calicoApi';

/** The documents of a YAML text. @throws Error on bad YAML */
export function objectsOf(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    if ('errors' in document && document.errors.length > 0) throw document.errors[0];
    const value: unknown = document.toJS();
    return value === null ? [] : [value as KubernetesObject]; // a test's own text
  });
}

/** Where objects of this one's kind are kept, such as `/apis/apps/v1/namespaces/default/deployments`. @throws Error if no such kind is served */
export async function collectionOf(api: ApiClient, { apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await api.must<{ readonly resources: readonly ServedResource[] }>('GET', base);
  const served = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
  if (!served) throw new Error(`${apiVersion} ${kind} is not served`);
  const inside = served.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
  return `${base}${inside}/${served.name}`;
}

/** Creates them in their order. @throws Error with what the server said of the first that it refuses */
export async function createObjects(api: ApiClient, objects: readonly KubernetesObject[]): Promise<void> {
  for (const object of objects) await api.must('POST', await collectionOf(api, object), object);
}

/** Creates the CustomResourceDefinitions, and waits until all of them are served. */
export async function installCrds(api: ApiClient, of: readonly CrdsOf[]): Promise<void> {
  const crds = of.flatMap(crdsOf);
  await createObjects(api, crds);
  for (const { metadata } of crds) {
    await eventually(`${metadata.name} is served`, async () => {
      const { body } = await api.ask<Crd>(
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`,
      );
      return (
        body.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') || undefined
      );
    });
  }
}

function crdsOf(whose: CrdsOf): KubernetesObject[] {
  const files = crdFiles();
  const read = (paths: readonly string[]): KubernetesObject[] =>
    paths.flatMap((path) => objectsOf(readFileSync(path, 'utf8')));
  switch (whose) {
    case 'istio':
      return read([files.istio]);
    case 'clusterNetworkPolicy':
      return read([files.clusterNetworkPolicy]);
    case 'calico':
      return read(files.calico);
    case 'calicoApi': // the same schemas under the group and version that people write
      return files.calico.flatMap((path) =>
        objectsOf(
          readFileSync(path, 'utf8')
            .replaceAll('crd.projectcalico.org', 'projectcalico.org')
            .replace('name: v1\n', 'name: v3\n'),
        ),
      );
  }
}
