/**
 * What a watch says, line by line.
 * @module
 */
import { errorOfStatus, isRecord, KubernetesError, textOf } from './kubernetes-error.ts';

/** One line of a watch; objects keep their kind and apiVersion as text, and everything else as it was sent. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject; readonly version: string }
  | { readonly type: 'BOOKMARK'; readonly version: string; readonly endsStart: boolean };

/** What every object has; the rest is its own affair. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
}

/** The part of an object's metadata that names it. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/**
 * Reads a line of a watch.
 *
 * @param what  what was asked, for the message
 * @throws KubernetesError for an ERROR event, and for a line that is no event: what it said is not known
 */
export function readWatchEvent(what: string, line: unknown): WatchEvent {
  const type = isRecord(line) ? line['type'] : undefined;
  const object = isRecord(line) ? line['object'] : undefined;
  if (type === 'ERROR') throw errorOfStatus(what, object, 0);
  if (isRecord(object) && isRecord(object['metadata'])) {
    const version = textOf(object['metadata'], 'resourceVersion');
    if (type === 'BOOKMARK') return { type, version, endsStart: endsStart(object['metadata']) };
    if ((type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') && isObject(object))
      return { type, object, version };
  }
  throw new KubernetesError(`${what}: a line that is no event of a watch`, { code: 0, reason: 'NotAnEvent' });
}

function endsStart(metadata: Readonly<Record<string, unknown>>): boolean {
  const annotations = metadata['annotations'];
  return isRecord(annotations) && annotations['k8s.io/initial-events-end'] === 'true';
}

/** Whether a value is an object with a name. */
export function isObject(value: unknown): value is KubernetesObject {
  return isRecord(value) && isRecord(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

/** Names an object among those of its kind. */
export const objectKey = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
