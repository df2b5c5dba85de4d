/**
 * How the pods are reached: services, what the network lets through, and how many may be away at once.
 * @module
 */
import { noted, type Tree, type TreeMap, value, when } from '../chart/tree.ts';
import { onAdmission, onNodes, onPostgres } from './choices.ts';
import { labelsOf, metadata, type Part, ports } from './names.ts';

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly appProtocol?: string;
}

const portOf = ({ name, port, appProtocol }: ServicePort): TreeMap => ({
  name,
  port,
  targetPort: name,
  ...(appProtocol !== undefined && { appProtocol }),
});

const service = (name: string, part: Part, open: readonly Tree[]): Tree => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata(name),
  spec: { selector: labelsOf(part), ports: open },
});

const extAuthz = [portOf({ name: 'ext-authz', port: ports.extAuthz })];

export const services: readonly Tree[] = [
  service('authority', 'authority', [
    portOf({ name: 'feed', port: ports.feed }),
    when(value('istioCa.enabled'), portOf({ name: 'istio-ca', port: ports.istioCa })),
    when(onAdmission, portOf({ name: 'admission', port: ports.admission })),
  ]),
  when(onNodes, service('ext-authz', 'node', extAuthz)),
  when({ not: onNodes }, service('ext-authz', 'authority', extAuthz)),
];

const tcp = (port: Tree): TreeMap => ({ protocol: 'TCP', port });

/** What both parts ask of others. */
const egress: readonly Tree[] = [
  noted('Names.', { ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] }),
  noted('The API server, and key sets of those who issue tokens; where they are is not known here.', {
    ports: value('networkPolicies.egressPorts'),
  }),
  when(onPostgres, { ports: [tcp(value('authority.postgres.port'))] }),
];

const policy = (part: Part, open: readonly Tree[]): Tree => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadata(part),
  spec: {
    podSelector: { matchLabels: labelsOf(part) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: [tcp('health'), ...open] }],
    egress,
  },
});

const wanted = value('networkPolicies.enabled');

/** All callers show certificates or tokens, so that it is ports that are shut, not places. */
export const networkPolicies: readonly Tree[] = [
  when(
    wanted,
    policy('authority', [
      tcp('feed'),
      when(value('istioCa.enabled'), tcp('istio-ca')),
      when({ not: onNodes }, tcp('ext-authz')),
      when(onAdmission, tcp('admission')),
    ]),
  ),
  when({ all: [wanted, onNodes] }, policy('node', [tcp('ext-authz')])),
];

/** A node that is drained may take one of several; one on a volume moves, and its pods wait for it. */
export const disruptionBudgets: readonly Tree[] = [
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata('authority'),
    spec: {
      selector: { matchLabels: labelsOf('authority') },
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: noted('One that never gets ready does not keep its node.', 'AlwaysAllow'),
    },
  },
];
