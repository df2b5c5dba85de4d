/**
 * What is kept of an object of a cluster: what its reader looks at, and no more. What changes besides, such as the heartbeats of a pod, changes nothing.
 * @module
 */
import type { JsonObject } from './json-object.ts';
import { at, listAt, objectAt, present } from './json-object.ts';

/** Written by kubectl apply: what the author applied, as text. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The kinds of the registry, each with what is kept beside name, namespace and labels. */
const fieldsOf: ReadonlyMap<string, (object: JsonObject) => JsonObject> = new Map([
  ['Pod', podFields],
  ['Namespace', (object: JsonObject): JsonObject => ({ metadata: present({ annotations: annotationsOf(object) }) })],
  ['ServiceAccount', (): JsonObject => ({})],
  ['Service', serviceFields],
  ['EndpointSlice', sliceFields],
]);

/** The object as it is kept. @param type  of the kind; lists and metadata leave it out, or say another */
export function keptFields(
  object: JsonObject,
  type: { readonly apiVersion: string; readonly kind: string },
): JsonObject {
  const metadata = objectAt(object, 'metadata');
  const named = present({
    name: metadata['name'],
    namespace: metadata['namespace'],
    labels: metadata['labels'],
  });
  const registry = fieldsOf.get(type.kind);
  if (registry !== undefined) {
    const { metadata: more, ...rest } = registry(object);
    return { ...type, metadata: { ...named, ...(more as JsonObject | undefined) }, ...rest };
  }
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...content } = object;
  const created = present({ creationTimestamp: metadata['creationTimestamp'], annotations: annotationsOf(object) });
  return { ...type, metadata: { ...named, ...created }, ...content };
}

/** What the author applied; undefined where it was not applied by kubectl, or is not to be read. */
export function lastApplied(object: JsonObject): unknown {
  const text = at(object, 'metadata', 'annotations', LAST_APPLIED);
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const { [LAST_APPLIED]: _, ...others } = objectAt(objectAt(object, 'metadata'), 'annotations');
  return Object.keys(others).length === 0 ? undefined : others;
}

function serviceFields(object: JsonObject): JsonObject {
  const { selector, ports } = objectAt(object, 'spec');
  return { spec: present({ selector, ports }) };
}

/** Without what changes with each probe. */
function sliceFields(object: JsonObject): JsonObject {
  const endpoints = listAt(object, 'endpoints').map(({ addresses }) => present({ addresses }));
  const ports = listAt(object, 'ports').map(({ port, protocol }) => present({ port, protocol }));
  return present({ addressType: object['addressType'], endpoints, ports });
}

function podFields(object: JsonObject): JsonObject {
  const spec = objectAt(object, 'spec');
  const { phase, podIP, podIPs } = objectAt(object, 'status');
  return {
    spec: present({
      serviceAccountName: spec['serviceAccountName'],
      hostNetwork: spec['hostNetwork'],
      containers: containersOf(spec, 'containers'),
      initContainers: containersOf(spec, 'initContainers'),
    }),
    status: present({ phase, podIP, podIPs }),
  };
}

/** Those with named ports; undefined: none has any. */
function containersOf(spec: JsonObject, field: string): readonly JsonObject[] | undefined {
  const containers = listAt(spec, field).flatMap((container, i) => {
    const ports = listAt(container, 'ports').filter((port) => port['name'] !== undefined);
    const kept = ports.map(({ name, containerPort, protocol }) => present({ name, containerPort, protocol }));
    return kept.length === 0 ? [] : [{ name: String(i), ports: kept }];
  });
  return containers.length === 0 ? undefined : containers;
}
