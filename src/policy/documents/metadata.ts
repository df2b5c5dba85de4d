/**
 * The metadata of a document, with what the API server takes there and what it refuses.
 * @module
 */
import type { Annotation, KindScope } from './document.ts';
import type { Place, Reporter } from './finding.ts';
import { isDnsLabel, isDnsSubdomain, isLabelValue, isQualifiedName, nameFixes } from './names.ts';
import { anything, object, type Shape } from './shape.ts';
import { describe, fieldOf, type MapValue, type Value } from './value.ts';

/** Every field of ObjectMeta; what `kubectl get -o yaml` writes out is among them. */
export const metadataShape: Shape = object(
  Object.fromEntries(
    [
      'name', 'generateName', 'namespace', 'labels', 'annotations', 'ownerReferences', 'finalizers', 'managedFields', 'uid',
      'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink',
    ].map((field) => [field, anything]),
  ),
); // biome-ignore format: a list of words

/** All annotations of an object together, in bytes of UTF-8. */
const MOST_ANNOTATION_BYTES = 256 * 1024;

/** The name; empty (and a finding) if there is none. A kind that is no policy may have one that the API server completes. */
export function readName(
  metadata: MapValue | undefined,
  kind: string,
  scope: KindScope,
  at: Place,
  report: Reporter,
): string {
  const name = metadataText(metadata, 'name', report);
  const generated = name === '' && scope.generated === true ? metadataText(metadata, 'generateName', report) : '';
  if (generated !== '') return generated;
  if (name === '') {
    report.error(at, 'name-missing', 'metadata.name', `this ${kind} has no metadata.name`, 'add metadata.name');
    return name;
  }
  const isLabel = scope.nameForm === 'dns-label';
  if (!(isLabel ? isDnsLabel(name, scope.mostNameCharacters) : isDnsSubdomain(name, scope.mostNameCharacters)))
    report.error(
      fieldOf(metadata, 'name') ?? at,
      'name-invalid',
      'metadata.name',
      `${JSON.stringify(name)} is no name that Kubernetes takes for a ${kind}`,
      (isLabel ? nameFixes.dnsLabel : nameFixes.dnsSubdomain).replace(/at most \d+/, `at most ${mostOf(scope)}`),
    );
  return name;
}

const mostOf = ({ nameForm, mostNameCharacters = nameForm === 'dns-label' ? 63 : 253 }: KindScope): number =>
  mostNameCharacters;

/** The namespace of a namespaced kind, or the one that holds for documents without; empty (and a finding) if there is none. */
export function readNamespace(
  metadata: MapValue | undefined,
  kind: string,
  otherwise: string,
  at: Place,
  report: Reporter,
): string {
  const namespace = metadataText(metadata, 'namespace', report) || otherwise;
  if (namespace === '') {
    const message = `this ${kind} has no metadata.namespace: a file cannot lean on kubectl's current namespace`;
    const fix = 'add it, or say which holds for such documents: --default-namespace, policies.paths[].defaultNamespace';
    report.error(at, 'namespace-missing', 'metadata.namespace', message, fix);
  } else if (!isDnsLabel(namespace)) {
    report.error(
      fieldOf(metadata, 'namespace') ?? at,
      'namespace-invalid',
      'metadata.namespace',
      `${JSON.stringify(namespace)} is no namespace that Kubernetes takes`,
      nameFixes.dnsLabel,
    );
  }
  return namespace;
}

/** The labels, each checked as the API server checks them. */
export function readLabels(metadata: MapValue | undefined, report: Reporter): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const [key, { text, ...place }] of texts(metadata, 'labels', report)) {
    checkLabel(key, text, place, 'metadata.labels', report);
    out.set(key, text);
  }
  return out;
}

/** Refuses what the API server refuses as a label. */
export function checkLabel(key: string, value: string, place: Place, path: string, report: Reporter): void {
  checkLabelKey(key, place, `${path}.${key}`, report);
  checkLabelValue(value, place, `${path}.${key}`, report);
}

/** Refuses what the API server refuses as a label's key. */
export function checkLabelKey(key: string, place: Place, path: string, report: Reporter): void {
  if (isQualifiedName(key)) return;
  const message = `${JSON.stringify(key)} is no label key that Kubernetes takes`;
  report.error(place, 'label-invalid', path, message, nameFixes.qualifiedName);
}

/** Refuses what the API server refuses as a label's value. */
export function checkLabelValue(value: string, place: Place, path: string, report: Reporter): void {
  if (isLabelValue(value)) return;
  const message = `${JSON.stringify(value)} is no label value that Kubernetes takes`;
  report.error(place, 'label-invalid', path, message, nameFixes.labelValue);
}

/** The annotations, their keys and their size checked as the API server checks them. */
export function readAnnotations(metadata: MapValue | undefined, report: Reporter): ReadonlyMap<string, Annotation> {
  const annotations = texts(metadata, 'annotations', report);
  let bytes = 0;
  for (const [key, annotation] of annotations) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotation.text);
    if (isQualifiedName(key.toLowerCase())) continue;
    const message = `${JSON.stringify(key)} is no annotation key that Kubernetes takes`;
    report.error(annotation, 'annotation-invalid', `metadata.annotations.${key}`, message, nameFixes.qualifiedName);
  }
  if (metadata !== undefined && bytes > MOST_ANNOTATION_BYTES) {
    const message = 'the annotations are larger than the 256 KiB that Kubernetes takes';
    report.forClusters(metadata, 'annotations-too-large', 'metadata.annotations', message, 'shorten them');
  }
  return annotations;
}

/** A metadata text. Istio's reader takes unquoted numbers and booleans there as texts; kubectl refuses them. */
function metadataText(metadata: MapValue | undefined, field: string, report: Reporter): string {
  const value = fieldOf(metadata, field);
  return value === undefined ? '' : (asText(value, `metadata.${field}`, report) ?? '');
}

function asText(value: Value, path: string, report: Reporter): string | undefined {
  if (value.is === 'text') return value.text;
  if (value.is === 'list' || value.is === 'map' || value.is === 'null') {
    report.error(value, 'type', path, `${path} must be a text, not ${describe(value)}`, 'write a text');
    return undefined;
  }
  const text = value.is === 'number' ? value.text : String(value.value);
  report.warning(
    value,
    'unquoted-scalar',
    path,
    `${path} is ${describe(value)}; kubectl refuses that`,
    `write "${text}" in quotes`,
  );
  return text;
}

function texts(metadata: MapValue | undefined, field: string, report: Reporter): ReadonlyMap<string, Annotation> {
  const out = new Map<string, Annotation>();
  const map = fieldOf(metadata, field);
  if (map === undefined) return out;
  if (map.is !== 'map') {
    const path = `metadata.${field}`;
    report.error(map, 'type', path, `${path} must be a map, not ${describe(map)}`, 'write a map of texts');
    return out;
  }
  for (const [key, { value }] of map.entries) {
    const text = asText(value, `metadata.${field}.${key}`, report) ?? '';
    out.set(key, { text, line: value.line, column: value.column });
  }
  return out;
}

/** `metadata.creationTimestamp` in milliseconds since 1970. */
export function creationOf(metadata: MapValue | undefined, report: Reporter): number | undefined {
  const value = fieldOf(metadata, 'creationTimestamp');
  if (value === undefined) return undefined;
  const written = value.is === 'text' ? value.text : '';
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/.test(written)
    ? Date.parse(written)
    : Number.NaN;
  if (!Number.isNaN(instant)) return instant;
  const message = `metadata.creationTimestamp is ${describe(value)}`;
  report.error(
    value,
    'timestamp-invalid',
    'metadata.creationTimestamp',
    message,
    'write an RFC 3339 time, e.g. 2026-01-31T12:00:00Z, or leave it out',
  );
  return undefined;
}
