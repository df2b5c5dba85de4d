/**
 * Which workloads an Istio policy applies to: selector, targetRef, targetRefs, root namespace.
 * @module
 */
import { toByteString } from '../../../../lib/byte-string.ts';
import type { PolicyDocument } from '../../../documents/document.ts';
import type { Reporter } from '../../../documents/finding.ts';
import { isLabelValue, isQualifiedName, nameFixes } from '../../../documents/names.ts';
import { listOf, object, type Shape, text } from '../../../documents/shape.ts';
import { fieldOf, listAt, type MapValue, mapAt, textAt, type Value } from '../../../documents/value.ts';
import type { Subject } from '../../../model.ts';
import type { DialectOptions } from '../../contribution.ts';

/** The shape of Istio's WorkloadSelector. */
export const selectorShape: Shape = object({
  matchLabels: { is: 'map', of: { is: 'text', max: 63 }, max: 4096 },
});

const dnsSubdomain = /^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const targetRefShape: Shape = object(
  {
    group: { is: 'text', max: 253, pattern: dnsSubdomain },
    kind: { is: 'text', min: 1, max: 63, pattern: /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/ },
    name: { is: 'text', min: 1, max: 253 },
    namespace: text,
  },
  ['kind', 'name'],
);

/** The fields by which a policy may choose its workloads. */
export const attachmentFields: Readonly<Record<string, Shape>> = {
  selector: selectorShape,
  targetRef: targetRefShape,
  targetRefs: listOf(targetRefShape, 16),
};

const targetKinds = [
  'core/Service',
  'networking.istio.io/ServiceEntry',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/GatewayClass',
];

/** Checks `selector`; a selector that selects nothing in particular is worth a warning. */
export function checkSelector(spec: Value | undefined, report: Reporter): void {
  const selector = mapAt(spec, 'selector');
  if (selector === undefined) return;
  const labels = mapAt(selector, 'matchLabels');
  if (labels === undefined || labels.entries.size === 0) {
    const message = 'the selector has no labels: the policy applies to every workload in its scope';
    report.warning(
      selector,
      'selector-without-labels',
      'spec.selector',
      message,
      'add matchLabels, or leave the selector out',
    );
  }
  for (const [key, { key: place, value }] of labels?.entries ?? []) {
    const path = `spec.selector.matchLabels.${key}`;
    if (key === '') report.error(place, 'selector-key-empty', path, 'a label has no name', 'name the label');
    const label = value.is === 'text' ? value.text : '';
    if (key.includes('*') || label.includes('*')) {
      report.error(
        place,
        'selector-wildcard',
        path,
        `a selector knows no wildcards: ${key}=${label}`,
        'write the label out',
      );
    } else if (key !== '' && !(isQualifiedName(key) && isLabelValue(label))) {
      report.warning(
        place,
        'selector-impossible',
        path,
        `no workload can have the label ${JSON.stringify(key)}: ${JSON.stringify(label)}, so the policy applies to none`,
        isQualifiedName(key) ? nameFixes.labelValue : nameFixes.qualifiedName,
      );
    }
  }
}

/** Checks that one way of choosing workloads is used, and each target. */
export function checkAttachment(spec: MapValue | undefined, report: Reporter): void {
  checkSelector(spec, report);
  const used = ['selector', 'targetRef', 'targetRefs'].filter((field) => fieldOf(spec, field) !== undefined);
  if (spec !== undefined && used.length > 1) {
    const second = fieldOf(spec, used[1]!)!; // used
    report.error(
      second,
      'several-attachments',
      `spec.${used[1]}`,
      `only one of ${used.join(' and ')} can be set`,
      'keep one of them',
    );
  }
  const single = mapAt(spec, 'targetRef');
  if (single !== undefined) checkTarget(single, 'spec.targetRef', report);
  for (const [i, target] of (listAt(spec, 'targetRefs')?.items ?? []).entries()) {
    if (target.is === 'map') checkTarget(target, `spec.targetRefs[${i}]`, report);
  }
}

function checkTarget(target: MapValue, path: string, report: Reporter): void {
  const namespace = fieldOf(target, 'namespace');
  if (namespace?.is === 'text' && namespace.text !== '') {
    const message = 'a target is always in the namespace of its policy';
    report.error(namespace, 'target-namespace', `${path}.namespace`, message, 'leave the namespace out');
  }
  const kind = textAt(target, 'kind') ?? '';
  const group = textAt(target, 'group') ?? '';
  if (kind === '' || targetKinds.includes(`${group === '' ? 'core' : group}/${kind}`)) return;
  const message = `a policy cannot be attached to ${group === '' ? kind : `${group}/${kind}`}`;
  report.error(
    fieldOf(target, 'kind') ?? target,
    'target-kind',
    `${path}.kind`,
    message,
    `use one of ${targetKinds.join(', ')}`,
  );
}

/** Whether a policy is bound to gateways, waypoints or services: a sidecar's workload is never meant then. */
export function hasTargets(spec: Value | undefined): boolean {
  return mapAt(spec, 'targetRef') !== undefined || (listAt(spec, 'targetRefs')?.items.length ?? 0) > 0;
}

/** Warns that a policy with targets says nothing to the workloads that are asked for here. */
export function warnOfTargets(spec: MapValue, report: Reporter): void {
  const target = fieldOf(spec, 'targetRefs') ?? fieldOf(spec, 'targetRef') ?? spec;
  const message =
    'the policy is attached to a gateway, waypoint or service: it does not apply to workloads behind a sidecar';
  report.warning(target, 'target-ref-ignored', 'spec.targetRefs', message, 'use a selector to protect a workload');
}

/** The subject of a document without targets. */
export function subjectOf(document: PolicyDocument, spec: Value | undefined, options: DialectOptions): Subject {
  const labels: [string, string][] = [];
  for (const [key, { value }] of mapAt(mapAt(spec, 'selector'), 'matchLabels')?.entries ?? []) {
    if (value.is === 'text') labels.push([toByteString(key), toByteString(value.text)]);
  }
  return { namespace: document.namespace === options.rootNamespace ? undefined : document.namespace, labels };
}
