/**
 * Pods, and the templates that pods are made of: labels, service account, ports → an endpoint of the registry.
 * @module
 */
import type { PolicyDocument } from '../../documents/document.ts';
import type { Reporter } from '../../documents/finding.ts';
import { checkLabel, metadataShape } from '../../documents/metadata.ts';
import { isPortName, nameFixes } from '../../documents/names.ts';
import { checkShape } from '../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, type Value } from '../../documents/value.ts';
import type { LabelPairs, NamedPort } from '../../registry/registry.ts';
import type { Contribution } from '../contribution.ts';

/** A template, and where it stands in its document. */
export interface Template {
  readonly value: MapValue | undefined;
  /** E.g. `spec.template`. */
  readonly path: string;
}

/** The labels that pods of a template get, each checked as the API server checks them. */
export function templateLabels({ value, path }: Template, report: Reporter): Map<string, string> {
  const metadata = mapAt(value, 'metadata');
  if (metadata === undefined) return new Map();
  checkShape(metadata, metadataShape, `${path}.metadata`, report);
  return new Map(labelsAt(metadata, 'labels', `${path}.metadata.labels`, report));
}

/** The labels of a field, each checked. */
export function labelsAt(value: MapValue | undefined, field: string, path: string, report: Reporter): LabelPairs {
  return [...(mapAt(value, field)?.entries ?? [])].flatMap(([key, { value: text }]) => {
    if (text.is !== 'text') return [];
    checkLabel(key, text.text, text, path, report);
    return [[key, text.text] as const];
  });
}

/** The endpoint of a pod, or of the pods of a template. @param specPath  where `spec` stands, e.g. `spec.template.spec` */
export function endpointOf(
  { namespace, name, file, place }: PolicyDocument,
  labels: ReadonlyMap<string, string>,
  { spec, specPath }: { readonly spec: MapValue | undefined; readonly specPath: string },
  addresses: readonly string[],
  report: Reporter,
): Contribution {
  const hostNetwork = fieldOf(spec, 'hostNetwork');
  return {
    to: 'endpoint',
    endpoint: {
      namespace,
      name,
      serviceAccount: textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount') || 'default',
      labels: [...labels],
      addresses,
      ports: portsOf(spec, specPath, report),
      hostNetwork: hostNetwork?.is === 'boolean' && hostNetwork.value,
      position: { file, line: place.line, column: place.column },
    },
  };
}

/** Those of init containers too: sidecars are such. */
function portsOf(spec: MapValue | undefined, path: string, report: Reporter): NamedPort[] {
  return ['containers', 'initContainers'].flatMap((field) =>
    (listAt(spec, field)?.items ?? []).flatMap((container, i) =>
      (listAt(container, 'ports')?.items ?? []).flatMap((port, j) =>
        namedPort(port, `${path}.${field}[${i}].ports[${j}]`, report),
      ),
    ),
  );
}

function namedPort(port: Value, path: string, report: Reporter): NamedPort[] {
  const number = fieldOf(port, 'containerPort');
  const name = textAt(port, 'name') ?? '';
  const protocol = textAt(port, 'protocol') || 'TCP';
  if (name === '') return [];
  checkPortName(fieldOf(port, 'name') ?? port, name, `${path}.name`, report);
  if (number?.is !== 'number' || (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')) return [];
  return [{ name, port: Number(number.text), protocol }];
}

/** Refuses what the API server refuses as the name of a port. */
export function checkPortName(place: Value, name: string, path: string, report: Reporter): void {
  if (isPortName(name)) return;
  const message = `${JSON.stringify(name)} is no name of a port that Kubernetes takes`;
  const fix = /^\d+$/.test(name) ? `write the number without quotes: ${name}` : nameFixes.portName;
  report.error(place, 'port-name', path, message, fix);
}
