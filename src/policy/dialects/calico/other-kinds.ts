/**
 * Calico's kinds beside policies: Tier, NetworkSet, GlobalNetworkSet, Profile, HostEndpoint.
 * @module
 */
import { parseCidr } from '../../../lib/ip-address.ts';
import type { PolicyDocument } from '../../documents/document.ts';
import type { Reporter } from '../../documents/finding.ts';
import { anything, listOf, object, type Shape, text } from '../../documents/shape.ts';
import { fieldOf, mapAt, textAt, textsAt } from '../../documents/value.ts';
import type { Contribution, KindReader } from '../contribution.ts';
import { calicoGroups } from './policy.ts';
import { ruleShape } from './rule.ts';

/** Tiers that exist without a document and keep their place. */
const reserved: ReadonlyMap<string, { readonly order: number; readonly defaultAction: 'Deny' | 'Pass' }> = new Map(
  Object.entries<{ readonly order: number; readonly defaultAction: 'Deny' | 'Pass' }>({
    default: { order: 1_000_000, defaultAction: 'Deny' },
    'kube-admin': { order: 1_000, defaultAction: 'Pass' },
    'kube-baseline': { order: 10_000_000, defaultAction: 'Pass' },
  }),
);

interface Kind {
  readonly kind: string;
  readonly namespaced: boolean;
  readonly spec: Shape;
  readonly read: (document: PolicyDocument, report: Reporter) => Contribution;
}

const networkSetSpec = object({ nets: listOf(text) });

const kinds: readonly Kind[] = [
  {
    kind: 'Tier',
    namespaced: false,
    spec: object({ order: { is: 'number', fraction: true }, defaultAction: { is: 'text', oneOf: ['Deny', 'Pass'] } }),
    read: readTier,
  },
  { kind: 'NetworkSet', namespaced: true, spec: networkSetSpec, read: readNetworkSet },
  { kind: 'GlobalNetworkSet', namespaced: false, spec: networkSetSpec, read: readNetworkSet },
  {
    kind: 'Profile',
    namespaced: false,
    spec: object({ ingress: listOf(ruleShape), egress: listOf(ruleShape), labelsToApply: { is: 'map', of: text } }),
    read: notHere('profiles of pods come from their namespace and service account here: this document has no effect'),
  },
  {
    kind: 'HostEndpoint',
    namespaced: false,
    spec: anything,
    read: notHere('host endpoints are enforced by the network alone: a Check cannot'),
  },
];

/** Readers of Calico's kinds besides policies: Tier, NetworkSet, GlobalNetworkSet, Profile and HostEndpoint, in each of its API groups. */
export const calicoOtherReaders: readonly KindReader[] = calicoGroups.flatMap(({ group, versions }) =>
  kinds.map(({ kind, namespaced, spec, read }) => ({
    dialect: 'calico' as const,
    group,
    versions,
    kind,
    namespaced,
    fields: { spec },
    read: (document: PolicyDocument, _options: unknown, report: Reporter) => read(document, report),
  })),
);

function readTier(document: PolicyDocument, report: Reporter): Contribution {
  const spec = mapAt(document.root, 'spec');
  const order = fieldOf(spec, 'order');
  const tier = {
    order: order?.is === 'number' ? Number(order.text) : Infinity,
    defaultAction: textAt(spec, 'defaultAction') ?? 'Deny',
  };
  const fixed = reserved.get(document.name);
  if (fixed !== undefined && (tier.order !== fixed.order || tier.defaultAction !== fixed.defaultAction)) {
    const message = `tier ${document.name} keeps order ${fixed.order} and defaultAction ${fixed.defaultAction}`;
    report.error(spec ?? document.place, 'tier-reserved', 'spec', message, 'make a tier of your own');
  }
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(document.name)) {
    report.error(
      document.place,
      'tier-name',
      'metadata.name',
      'the name of a tier has 1 to 63 lower-case letters, digits and -',
      'rename the tier',
    );
  }
  return {
    to: 'tier',
    tier: { name: document.name, order: tier.order, onNoMatch: tier.defaultAction === 'Pass' ? 'pass' : 'deny' },
  };
}

function readNetworkSet(document: PolicyDocument, report: Reporter): Contribution {
  const nets = textsAt(mapAt(document.root, 'spec'), 'nets');
  for (const [i, net] of nets.entries()) {
    if (parseCidr(net.text) !== undefined) continue;
    report.error(
      net,
      'net-invalid',
      `spec.nets[${i}]`,
      `${JSON.stringify(net.text)} is neither an address nor a CIDR`,
      'write e.g. 10.0.0.0/8',
    );
  }
  if (document.labels.has('projectcalico.org/namespace')) {
    report.error(
      document.place,
      'label-reserved',
      'metadata.labels',
      'the label projectcalico.org/namespace is set by Calico',
      'remove it',
    );
  }
  const set = {
    namespace: document.namespace,
    name: document.name,
    labels: [...document.labels],
    nets: nets.map((net) => net.text),
  };
  return { to: 'network-set', set };
}

function notHere(message: string): Kind['read'] {
  return (document, report) => {
    report.warning(
      document.place,
      'not-enforceable-here',
      '',
      message,
      'keep it for the network; it is parsed and checked',
    );
    return { to: 'calico' };
  };
}
