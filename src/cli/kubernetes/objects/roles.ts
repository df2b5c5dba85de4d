/**
 * What the service accounts may ask of the API server, each rule with its reason, and nothing else: no Secrets, no `delete`, no
 * `impersonate`, no wildcard.
 * @module
 */
import { type Condition, noted, release, type Tree, type TreeMap, when } from '../chart/tree.ts';
import { clusterMetadata, metadata, nameOf, type Part } from './names.ts';

/** One rule: what for, and for whom. */
export interface Grant {
  readonly why: string;
  readonly parts: readonly Part[];
  /** In our namespace alone, or in all of the cluster. */
  readonly scope: 'namespace' | 'cluster';
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly names?: readonly Tree[];
  /** Left out where it does not hold. */
  readonly condition?: Condition;
}

const LOOK = ['get', 'list', 'watch'];
const both: readonly Part[] = ['authority', 'node'];

/** In the order in which the roles show them. */
export const grants: readonly Grant[] = [
  {
    why: 'Which workloads there are, whose they are, and where they are reached: the destination of a Check, and labels for selectors.',
    parts: both,
    scope: 'cluster',
    groups: [''],
    resources: ['pods', 'namespaces', 'serviceaccounts', 'services'],
    verbs: LOOK,
  },
  {
    why: 'Which pods stand behind a service.',
    parts: both,
    scope: 'cluster',
    groups: ['discovery.k8s.io'],
    resources: ['endpointslices'],
    verbs: LOOK,
  },
  {
    why: 'Policies of Kubernetes itself.',
    parts: both,
    scope: 'cluster',
    groups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: LOOK,
  },
  {
    why: 'Policies of the cluster, of whose kind some clusters have none.',
    parts: both,
    scope: 'cluster',
    groups: ['policy.networking.k8s.io'],
    resources: ['clusternetworkpolicies'],
    verbs: LOOK,
  },
  {
    why: "Istio's policies.",
    parts: both,
    scope: 'cluster',
    groups: ['security.istio.io'],
    resources: ['authorizationpolicies', 'peerauthentications', 'requestauthentications'],
    verbs: LOOK,
  },
  {
    why: "Calico's policies, as its API server or its own CRDs have them.",
    parts: both,
    scope: 'cluster',
    groups: ['projectcalico.org', 'crd.projectcalico.org'],
    resources: ['networkpolicies', 'globalnetworkpolicies', 'networksets', 'globalnetworksets', 'tiers'],
    verbs: LOOK,
  },
  {
    why: 'Whether a service account token is good, and whether its pod still lives.',
    parts: both,
    scope: 'cluster',
    groups: ['authentication.k8s.io'],
    resources: ['tokenreviews'],
    verbs: ['create'],
  },
];

/** The accounts, roles and bindings of a part. */
export function accessOf(part: Part): readonly Tree[] {
  const ours = grants.filter(({ parts }) => parts.includes(part));
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(part), automountServiceAccountToken: false },
    ...bound(
      'ClusterRole',
      part,
      clusterMetadata(part),
      ours.filter(({ scope }) => scope === 'cluster'),
    ),
    ...bound(
      'Role',
      part,
      metadata(part),
      ours.filter(({ scope }) => scope === 'namespace'),
    ),
  ];
}

function bound(kind: 'ClusterRole' | 'Role', part: Part, about: TreeMap, rules: readonly Grant[]): readonly Tree[] {
  if (rules.length === 0) return [];
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  return [
    { apiVersion, kind, metadata: about, rules: rules.map(ruleOf) },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata: about,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: nameOf(part) },
      subjects: [{ kind: 'ServiceAccount', name: nameOf(part), namespace: release('namespace') }],
    },
  ];
}

function ruleOf({ why, groups, resources, verbs, names, condition }: Grant): Tree {
  const rule = { apiGroups: groups, resources, ...(names && { resourceNames: names }), verbs };
  return condition === undefined ? noted(why, rule) : when(condition, noted(why, rule));
}
