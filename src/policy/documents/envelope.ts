/**
 * Reads the envelope of a document: apiVersion, kind, metadata.
 * @module
 */
import type { Annotation, KindScope, PolicyDocument } from './document.ts';
import type { Place, Reporter } from './finding.ts';
import { describe, fieldOf, type MapValue, mapAt, textAt, type Value } from './value.ts';

/** Group, version and kind of a document; `group` is empty for the core group. */
export interface TypeOf {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Reads apiVersion and kind; undefined (and a finding) if either is missing. */
export function readType(root: MapValue, report: Reporter): TypeOf | undefined {
  const apiVersion = textAt(root, 'apiVersion') ?? '';
  const kind = textAt(root, 'kind') ?? '';
  if (apiVersion === '' || kind === '') {
    const [code, missing] =
      apiVersion === '' ? (['api-version-missing', 'apiVersion'] as const) : (['kind-missing', 'kind'] as const);
    report.error(root, code, missing, `the document has no ${missing}`, `add ${missing}, as Kubernetes asks`);
    return undefined;
  }
  const slash = apiVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind,
  };
}

/** Reads metadata of a kind that a dialect knows; undefined (and findings) if name or namespace is missing or wrong. */
export function readEnvelope(
  root: MapValue,
  type: TypeOf,
  scope: KindScope,
  report: Reporter,
): PolicyDocument | undefined {
  const metadata = mapAt(root, 'metadata');
  const place = metadata ?? root;
  const name = metadataText(metadata, 'name', report);
  const namespace = scope.namespaced ? metadataText(metadata, 'namespace', report) : '';
  if (name === '') {
    report.error(place, 'name-missing', 'metadata.name', `this ${type.kind} has no metadata.name`, 'add metadata.name');
  } else if (!isDnsName(name, 253, true)) {
    const fix = 'use lower-case letters, digits, - and . (at most 253), beginning and ending with a letter or digit';
    report.error(
      placeOf(metadata, 'name', place),
      'name-invalid',
      'metadata.name',
      `${JSON.stringify(name)} is no name that Kubernetes takes`,
      fix,
    );
  }
  if (scope.namespaced && namespace === '') {
    const message = `this ${type.kind} has no metadata.namespace: a file cannot lean on kubectl's current namespace`;
    report.error(place, 'namespace-missing', 'metadata.namespace', message, 'add metadata.namespace');
  } else if (scope.namespaced && !isDnsName(namespace, 63, false)) {
    const fix = 'use lower-case letters, digits and - (at most 63), beginning and ending with a letter or digit';
    report.error(
      placeOf(metadata, 'namespace', place),
      'namespace-invalid',
      'metadata.namespace',
      `${JSON.stringify(namespace)} is no namespace that Kubernetes takes`,
      fix,
    );
  }
  return {
    file: report.file,
    place: { line: root.line, column: root.column },
    ...type,
    namespace,
    name,
    labels: new Map([...texts(metadata, 'labels', report)].map(([key, { text }]) => [key, text])),
    annotations: texts(metadata, 'annotations', report),
    createdAtMs: creationOf(metadata, report),
    root,
  };
}

/** DNS-1123: a label, or with `dots` a subdomain. */
function isDnsName(text: string, most: number, dots: boolean): boolean {
  const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
  return text.length <= most && new RegExp(dots ? `^${label}(\\.${label})*$` : `^${label}$`).test(text);
}

function placeOf(map: MapValue | undefined, name: string, otherwise: Place): Place {
  return fieldOf(map, name) ?? otherwise;
}

/** A metadata text. Istio's reader takes unquoted numbers and booleans there as texts; kubectl refuses them. */
function metadataText(metadata: MapValue | undefined, field: string, report: Reporter): string {
  const value = fieldOf(metadata, field);
  return value === undefined ? '' : (asText(value, `metadata.${field}`, report) ?? '');
}

function asText(value: Value, path: string, report: Reporter): string | undefined {
  if (value.is === 'text') return value.text;
  if (value.is === 'null') return undefined;
  if (value.is === 'list' || value.is === 'map') {
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
  if (map === undefined || map.is === 'null') return out;
  if (map.is !== 'map') {
    report.error(
      map,
      'type',
      `metadata.${field}`,
      `metadata.${field} must be a map, not ${describe(map)}`,
      'write a map of texts',
    );
    return out;
  }
  for (const [key, { value }] of map.entries) {
    const text = asText(value, `metadata.${field}.${key}`, report) ?? '';
    out.set(key, { text, line: value.line, column: value.column });
  }
  return out;
}

function creationOf(metadata: MapValue | undefined, report: Reporter): number | undefined {
  const value = fieldOf(metadata, 'creationTimestamp');
  if (value === undefined || value.is === 'null') return undefined;
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
