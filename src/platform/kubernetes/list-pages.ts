/**
 * Lists all objects of a kind, page by page.
 * @module
 */
import type { KubernetesClient } from './client.ts';
import { isRecord, KubernetesError, textOf } from './kubernetes-error.ts';
import { isObject, type KubernetesObject } from './watch-event.ts';
import { listRequest, resourcePath, type WatchedResource } from './watched-resource.ts';

/** So many objects are parsed in one piece, while nothing else goes on. */
const PAGE = 500;

/**
 * Hands on every object; all pages are of one version. Built-in kinds come without kind and apiVersion: the list's own are filled in.
 *
 * @returns the version to watch from
 * @throws KubernetesError with `isExpired` if the version was dropped between two pages: begin anew
 */
export async function listPages(
  client: KubernetesClient,
  resource: WatchedResource,
  signal: AbortSignal,
  take: (object: KubernetesObject) => void,
): Promise<string> {
  let next = '';
  for (;;) {
    const query = { limit: String(PAGE), ...(next !== '' && { continue: next }) };
    const answer = await client.request(listRequest(resource, query, signal));
    const { items, metadata, type } = readList(resource, answer);
    for (const item of items) take({ ...type, ...item });
    next = textOf(metadata, 'continue');
    if (next === '' || signal.aborted) return textOf(metadata, 'resourceVersion');
  }
}

function readList(resource: WatchedResource, answer: unknown) {
  const metadata = isRecord(answer) ? answer['metadata'] : undefined;
  const items: unknown = isRecord(answer) ? (answer['items'] ?? []) : undefined;
  if (!isRecord(answer) || !isRecord(metadata) || !Array.isArray(items) || !items.every(isObject))
    throw new KubernetesError(`GET ${resourcePath(resource)}: the answer is no list`, {
      code: 0,
      reason: 'NotAnEvent',
    });
  const type = { apiVersion: textOf(answer, 'apiVersion'), kind: textOf(answer, 'kind').replace(/List$/, '') };
  return { items, metadata, type };
}
