/**
 * Reads the envelope of a document: apiVersion, kind, metadata.
 * @module
 */
import type { KindScope, PolicyDocument } from './document.ts';
import type { Reporter } from './finding.ts';
import { creationOf, metadataShape, readAnnotations, readLabels, readName, readNamespace } from './metadata.ts';
import { warnOfMisspelt } from './misspelt.ts';
import { readNulls, type Server } from './nulls.ts';
import { anything, checkShape, object, type Shape } from './shape.ts';
import { describe, fieldOf, type MapValue, mapAt, textAt } from './value.ts';

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
    const written = fieldOf(root, missing);
    if (written === undefined || written.is === 'text')
      report.error(root, code, missing, `the document has no ${missing}`, `add ${missing}, as Kubernetes asks`);
    else
      report.error(written, code, missing, `${missing} must be a text, not ${describe(written)}`, 'write it as a text');
    return undefined;
  }
  return typeOfText(apiVersion, kind);
}

/** Group, version and kind of an apiVersion and a kind. */
export function typeOfText(apiVersion: string, kind: string): TypeOf {
  const slash = apiVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind,
  };
}

/** A kind as its documents are opened: its scope, and the shape of what it has beside the envelope. */
export interface EnvelopeKind extends KindScope {
  readonly fields: Readonly<Record<string, Shape>>;
  /** No API server keeps it: a null is no absent field, but one that has lost its value. */
  readonly isUnkept?: boolean;
}

/** Groups whose documents fill types of the API server itself; all others are custom resources. */
const ownGroups: ReadonlySet<string> = new Set(['', 'apps', 'batch', 'networking.k8s.io']);

/**
 * Opens a document of a kind that a dialect knows: its nulls are read, its shape and its metadata checked.
 *
 * @param defaultNamespace  the namespace of a namespaced document that names none; empty: it has to
 */
export function readEnvelope(
  written: MapValue,
  type: TypeOf,
  kind: EnvelopeKind,
  defaultNamespace: string,
  report: Reporter,
): PolicyDocument {
  const shape = shapeOf(kind);
  const server: Server = ownGroups.has(type.group) ? 'types' : 'schema';
  const root = kind.isUnkept === true ? written : readNulls(written, shape, server, report);
  checkShape(root, shape, '', report);
  const metadata = mapAt(root, 'metadata');
  const place = metadata ?? root;
  const labels = readLabels(metadata, report);
  const annotations = readAnnotations(metadata, report);
  warnOfMisspelt(annotations, labels.keys(), place, report);
  return {
    file: report.file,
    place: { line: root.line, column: root.column },
    ...type,
    name: readName(metadata, type.kind, kind, place, report),
    namespace: kind.namespaced ? readNamespace(metadata, type.kind, defaultNamespace, place, report) : '',
    labels,
    annotations,
    createdAtMs: creationOf(metadata, report),
    root,
  };
}

const shapes = new WeakMap<EnvelopeKind, Shape>();

/** `status` is what the API server adds; `kubectl get -o yaml` writes it out. */
function shapeOf(kind: EnvelopeKind): Shape {
  const known = shapes.get(kind);
  if (known !== undefined) return known;
  const made = object({
    apiVersion: anything,
    kind: anything,
    metadata: metadataShape,
    status: anything,
    ...kind.fields,
  });
  shapes.set(kind, made);
  return made;
}
