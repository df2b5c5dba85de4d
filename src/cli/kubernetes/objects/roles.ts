/**
 * What the service accounts may ask of the API server, each rule with its reason, and nothing else: no Secrets, no `delete`, no
 * `impersonate`, no wildcard.
 * @module
 */
import { type Condition, noted, release, type Tree, type TreeMap, value, when } from '../chart/tree.ts';
import { authorityDecides, onAdmission } from './choices.ts';
import { clusterMetadata, metadata, nameOf, type Part } from './names.ts';

/** One rule: what for, and for whom. */
export interface Grant {
  readonly why: string;
  /** Whose it is, and when; `true`: always. */
  readonly of: Readonly<Partial<Record<Part, Condition | true>>>;
  /** In our namespace alone, or in all of the cluster. */
  readonly scope: 'namespace' | 'cluster';
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly names?: readonly Tree[];
}

const LOOK = ['get', 'list', 'watch'];
/** Whoever decides, and he alone, reads policies. */
const deciders = { authority: authorityDecides, node: true } as const;
const everybody = { authority: true, node: true } as const;

const policies = (whose: string, groups: readonly string[], resources: readonly string[]): Grant => ({
  why: `${whose}: they are in force as they are written.`,
  of: deciders,
  scope: 'cluster',
  groups,
  resources,
  verbs: LOOK,
});

/** In the order in which the roles show them. */
export const grants: readonly Grant[] = [
  {
    why: 'Who asks: the pod and the account of a token, the pods of this node, labels of namespaces that give identities.',
    of: everybody,
    scope: 'cluster',
    groups: [''],
    resources: ['pods', 'serviceaccounts', 'namespaces'],
    verbs: LOOK,
  },
  {
    why: 'Whether a service account token is good, and whether its pod still lives.',
    of: everybody,
    scope: 'cluster',
    groups: ['authentication.k8s.io'],
    resources: ['tokenreviews'],
    verbs: ['create'],
  },
  {
    why: 'Whom a Check is about: services, and the pods above.',
    of: deciders,
    scope: 'cluster',
    groups: [''],
    resources: ['services'],
    verbs: LOOK,
  },
  policies("Kubernetes' policies", ['networking.k8s.io'], ['networkpolicies']),
  policies(
    'Policies of the cluster',
    ['policy.networking.k8s.io'],
    ['clusternetworkpolicies', 'adminnetworkpolicies', 'baselineadminnetworkpolicies'],
  ),
  policies(
    "Istio's policies",
    ['security.istio.io'],
    ['authorizationpolicies', 'peerauthentications', 'requestauthentications'],
  ),
  policies(
    "Calico's policies, by its API server or as it keeps them",
    ['projectcalico.org', 'crd.projectcalico.org'],
    [
      ...['networkpolicies', 'globalnetworkpolicies', 'networksets', 'globalnetworksets', 'tiers'],
      ...['profiles', 'hostendpoints', 'stagednetworkpolicies', 'stagedglobalnetworkpolicies'],
      'stagedkubernetesnetworkpolicies',
    ],
  ),
  {
    why: 'Its own webhook: the caBundle follows the authorities, and failurePolicy is Fail only while it answers.',
    of: { authority: onAdmission },
    scope: 'cluster',
    groups: ['admissionregistration.k8s.io'],
    resources: ['validatingwebhookconfigurations'],
    verbs: ['get', 'patch'],
    names: [value('name')],
  },
];

/** The accounts, roles and bindings of a part. */
export function accessOf(part: Part): readonly Tree[] {
  const ours = grants.filter(({ of }) => of[part] !== undefined);
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
    { apiVersion, kind, metadata: about, rules: rules.map((rule) => ruleOf(rule, part)) },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata: about,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: nameOf(part) },
      subjects: [{ kind: 'ServiceAccount', name: nameOf(part), namespace: release('namespace') }],
    },
  ];
}

function ruleOf({ why, groups, resources, verbs, names, of }: Grant, part: Part): Tree {
  const rule = noted(why, { apiGroups: groups, resources, ...(names && { resourceNames: names }), verbs });
  const condition = of[part];
  return condition === true || condition === undefined ? rule : when(condition, rule);
}
