/**
 * What the service accounts may ask of the API server, each rule with its reason, and nothing else: no Secrets, no `delete`, no
 * `impersonate`, no wildcard.
 * @module
 */
import { type Condition, noted, release, type Tree, type TreeMap, value, when } from '../chart/tree.ts';
import { authorityDecides, onAdmission, onLeader, onSigner, onStatus } from './choices.ts';
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

const CERTIFICATES = 'certificates.k8s.io';
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
  {
    why: 'Which places are behind a Service that a policy names.',
    of: deciders,
    scope: 'cluster',
    groups: ['discovery.k8s.io'],
    resources: ['endpointslices'],
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
  {
    why: 'What kubelets ask for by PodCertificateRequest.',
    of: { authority: onSigner },
    scope: 'cluster',
    groups: [CERTIFICATES],
    resources: ['podcertificaterequests'],
    verbs: LOOK,
  },
  {
    why: 'The answer: a certificate.',
    of: { authority: onSigner },
    scope: 'cluster',
    groups: [CERTIFICATES],
    resources: ['podcertificaterequests/status'],
    verbs: ['patch'],
  },
  {
    why: 'To answer for our signer alone, and to say whom its certificates are trusted by.',
    of: { authority: onSigner },
    scope: 'cluster',
    groups: [CERTIFICATES],
    resources: ['signers'],
    verbs: ['sign', 'attest'],
    names: [value('signer.name')],
  },
  {
    why: 'The roots that pods mount.',
    of: { authority: onSigner },
    scope: 'cluster',
    groups: [CERTIFICATES],
    resources: ['clustertrustbundles'],
    verbs: [...LOOK, 'create', 'patch'],
  },
  {
    why: 'What is found in a policy, as an event on it.',
    of: { authority: onStatus },
    scope: 'cluster',
    groups: ['events.k8s.io'],
    resources: ['events'],
    verbs: ['create'],
  },
  {
    why: 'What is found in a ClusterNetworkPolicy, as a condition of it.',
    of: { authority: onStatus },
    scope: 'cluster',
    groups: ['policy.networking.k8s.io'],
    resources: ['clusternetworkpolicies/status'],
    verbs: ['patch'],
  },
  {
    why: 'Which replica writes to the cluster; a name cannot be asked for where nothing has it yet.',
    of: { authority: onLeader },
    scope: 'namespace',
    groups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['create'],
  },
  {
    why: 'The same, once it is there.',
    of: { authority: onLeader },
    scope: 'namespace',
    groups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'update'],
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
  const [first, ...others] = new Set(rules.map(({ of }) => of[part]));
  // What all of a role depends on, the role does: one without rules is none.
  const shared = others.length === 0 && first !== true ? first : undefined;
  const role = {
    apiVersion,
    kind,
    metadata: about,
    rules: rules.map((rule) => (shared === undefined ? ruleOf(rule, part) : plainRule(rule))),
  };
  const binding = {
    apiVersion,
    kind: `${kind}Binding`,
    metadata: about,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: nameOf(part) },
    subjects: [{ kind: 'ServiceAccount', name: nameOf(part), namespace: release('namespace') }],
  };
  return [role, binding].map((each) => (shared === undefined ? each : when(shared, each)));
}

const plainRule = ({ why, groups, resources, verbs, names }: Grant): Tree =>
  noted(why, { apiGroups: groups, resources, ...(names && { resourceNames: names }), verbs });

function ruleOf(grant: Grant, part: Part): Tree {
  const condition = grant.of[part];
  return condition === true || condition === undefined ? plainRule(grant) : when(condition, plainRule(grant));
}
