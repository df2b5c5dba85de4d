/**
 * What is watched, as paths and queries of the API.
 * @module
 */
import type { KubernetesRequest } from './client.ts';

/** All objects of one kind, or those of one namespace or with some fields or labels. */
export interface WatchedResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** As paths have it, e.g. `networkpolicies`. */
  readonly plural: string;
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Only `metadata` of each object is asked for. */
  readonly metadataOnly?: boolean;
}

type Query = Readonly<Record<string, string>>;

const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** How people say it: `security.istio.io/v1 authorizationpolicies`, perhaps with ` in NAMESPACE`. */
export function resourceName({ group, version, plural, namespace }: WatchedResource): string {
  const api = group === '' ? version : `${group}/${version}`;
  return `${api} ${plural}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** `/api/v1/pods`, `/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL`. */
export function resourcePath({ group, version, plural, namespace }: WatchedResource): string {
  const api = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${api}/${plural}` : `${api}/namespaces/${namespace}/${plural}`;
}

/** The request of a watch. */
export function watchRequest(resource: WatchedResource, query: Query, signal: AbortSignal): KubernetesRequest {
  const all = { watch: '1', allowWatchBookmarks: 'true', ...query };
  return requestOf(resource, all, METADATA, signal);
}

/** The request of a list, or of a page of it. */
export function listRequest(resource: WatchedResource, query: Query, signal: AbortSignal): KubernetesRequest {
  return requestOf(resource, query, METADATA_LIST, signal);
}

function requestOf(
  resource: WatchedResource,
  query: Query,
  metadataAccept: string,
  signal: AbortSignal,
): KubernetesRequest {
  const { fieldSelector, labelSelector, metadataOnly = false } = resource;
  return {
    path: resourcePath(resource),
    query: { ...query, ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) },
    ...(metadataOnly && { accept: metadataAccept }),
    signal,
  };
}
