/**
 * What ClusterNetworkPolicy and the kinds that it came from look like: fields, limits, actions, tiers.
 * @module
 */
import { anything, listOf, type ObjectShape, object, oneOf, type Shape, someOf, text } from '../../documents/shape.ts';
import { type MapValue, textAt } from '../../documents/value.ts';
import type { Effect } from '../../model.ts';
import { labelSelectorShape } from './label-selector.ts';

const podsShape = (required: readonly string[]): Shape =>
  object({ namespaceSelector: labelSelectorShape, podSelector: labelSelectorShape }, required);
const subjectShape = (form: Form): Shape =>
  object({ namespaces: labelSelectorShape, pods: podsShape(form.podsRequired) });
const peerShape = (form: Form): Shape =>
  object({
    namespaces: labelSelectorShape,
    pods: podsShape(form.podsRequired),
    nodes: anything,
    networks: someOf(text, 25),
    domainNames: someOf(text, 25),
  });
const rangeShape = object({ start: { is: 'number' }, end: { is: 'number' } }, ['start', 'end']);
const portShape = oneOf({ number: { is: 'number' }, range: rangeShape });
const transportShape: Shape = { ...object({ destinationPort: portShape }), set: { min: 1 } };
const protocolShape = oneOf({
  tcp: transportShape,
  udp: transportShape,
  sctp: transportShape,
  destinationNamedPort: text,
});
const oldProtocol: Shape = { is: 'text', oneOf: ['TCP', 'UDP', 'SCTP'] };
const oldPortShape = oneOf({
  portNumber: object({ protocol: oldProtocol, port: { is: 'number' } }),
  portRange: object({ protocol: oldProtocol, start: { is: 'number' }, end: { is: 'number' } }),
  namedPort: text,
});

/** One of the kinds. */
export interface Form {
  readonly kind: string;
  readonly version: string;
  readonly actions: ReadonlyMap<string, Effect>;
  readonly portsField: 'protocols' | 'ports';
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
  /** Which selectors `pods` must have. */
  readonly podsRequired: readonly string[];
  /** The most rules, peers and ports. */
  readonly most: number;
  tierOf(spec: MapValue | undefined): 'kube-admin' | 'kube-baseline';
}

const priority: Shape = { is: 'number' };

/** All of them. */
export const forms: readonly Form[] = [
  {
    kind: 'ClusterNetworkPolicy',
    version: 'v1alpha2',
    actions: new Map(Object.entries<Effect>({ Accept: 'allow', Deny: 'deny', Pass: 'pass' })),
    portsField: 'protocols',
    fields: { tier: { is: 'text', oneOf: ['Admin', 'Baseline'] }, priority },
    required: ['tier', 'priority', 'subject'],
    podsRequired: ['podSelector'],
    most: 25,
    tierOf: (spec) => (textAt(spec, 'tier') === 'Baseline' ? 'kube-baseline' : 'kube-admin'),
  },
  {
    kind: 'AdminNetworkPolicy',
    version: 'v1alpha1',
    actions: new Map(Object.entries<Effect>({ Allow: 'allow', Deny: 'deny', Pass: 'pass' })),
    portsField: 'ports',
    fields: { priority },
    required: ['priority', 'subject'],
    podsRequired: ['namespaceSelector', 'podSelector'],
    most: 100,
    tierOf: () => 'kube-admin',
  },
  {
    kind: 'BaselineAdminNetworkPolicy',
    version: 'v1alpha1',
    actions: new Map(Object.entries<Effect>({ Allow: 'allow', Deny: 'deny' })),
    portsField: 'ports',
    fields: {},
    required: ['subject'],
    podsRequired: ['namespaceSelector', 'podSelector'],
    most: 100,
    tierOf: () => 'kube-baseline',
  },
];

/** The shape of the `spec` of a kind. */
export const specShape = (form: Form): ObjectShape =>
  object(
    {
      ...form.fields,
      subject: subjectShape(form),
      ingress: listOf(ruleShape(form, 'from'), form.most),
      egress: listOf(ruleShape(form, 'to'), form.most),
    },
    form.required,
  );

function ruleShape(form: Form, peers: 'from' | 'to'): Shape {
  const ports = form.portsField === 'ports' ? oldPortShape : protocolShape;
  return object(
    {
      name: text,
      action: { is: 'text', oneOf: [...form.actions.keys()] },
      [peers]: someOf(peerShape(form), form.most),
      [form.portsField]: someOf(ports, form.most),
    },
    ['action', peers],
  );
}
