/**
 * The webhook by which a cluster asks before it stores a policy.
 * @module
 */
import { live, noted, release, type Tree, type TreeMap, text, value, when } from '../chart/tree.ts';
import { onAdmission, onProve } from './choices.ts';
import { commonLabels, nameOf, ports } from './names.ts';

/** Policies, by group. */
const asked = {
  'security.istio.io': ['authorizationpolicies', 'peerauthentications', 'requestauthentications'],
  'networking.k8s.io': ['networkpolicies'],
  'policy.networking.k8s.io': ['clusternetworkpolicies'],
} satisfies Record<string, readonly string[]>;
const ofCalico = ['networkpolicies', 'globalnetworkpolicies', 'networksets', 'globalnetworksets', 'tiers'];

const ruleOf = (groups: readonly string[], resources: readonly string[], operations: readonly string[]): Tree => ({
  operations,
  apiGroups: groups,
  apiVersions: ['*'],
  resources,
});

const policyRules = (...operations: readonly string[]): readonly Tree[] => [
  ...Object.entries(asked).map(([group, resources]) => ruleOf([group], resources, operations)),
  ruleOf(['projectcalico.org', 'crd.projectcalico.org'], ofCalico, operations),
];

const CONFIGURATION = '"admissionregistration.k8s.io/v1" "ValidatingWebhookConfiguration" "" $.Values.name';
/** What is there now: Gatehouse sets it, and an upgrade must not set it back. */
const policyNow = `dig "failurePolicy" "" (first (concat (dig "webhooks" list (lookup ${CONFIGURATION})) (list dict)))`;

const ourselves = "!request.userInfo.username.startsWith('system:serviceaccount:";
/** Whoever clears a namespace away comes to an end. */
const clearing =
  "!(request.operation == 'DELETE' && request.userInfo.username.startsWith('system:serviceaccount:kube-system:'))";
const labelled = [
  "request.operation == 'CREATE'",
  'has(object.metadata.labels) != has(oldObject.metadata.labels)',
  'has(object.metadata.labels) && object.metadata.labels != oldObject.metadata.labels',
].join(' || ');

interface Differs {
  readonly name: string;
  readonly failurePolicy: Tree;
  readonly conditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly rules: readonly Tree[];
}

const webhookOf = ({ name, failurePolicy, conditions = [], rules }: Differs): TreeMap => ({
  name,
  clientConfig: noted('The caBundle is written by Gatehouse, which alone knows its authorities.', {
    service: {
      name: nameOf('authority'),
      namespace: release('namespace'),
      port: ports.admission,
      path: '/validate',
    },
  }),
  failurePolicy,
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  timeoutSeconds: 5,
  namespaceSelector: noted('What mends Gatehouse, or the cluster, is never blocked, also while Gatehouse is away.', {
    matchExpressions: [
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', release('namespace')] },
    ],
  }),
  matchConditions: [{ name: 'not-our-own', expression: text(ourselves, release('namespace'), ":')") }, ...conditions],
  rules,
});

const whenItAnswers = noted(
  'Until it answers; with enforce Gatehouse sets Fail then, and an upgrade leaves that as it is.',
  live(policyNow, 'Ignore'),
);

const configuration: Tree = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: value('name'), labels: commonLabels },
  webhooks: [
    webhookOf({
      name: 'policies.gatehouse.dev',
      failurePolicy: whenItAnswers,
      rules: policyRules('CREATE', 'UPDATE'),
    }),
    when(
      onProve,
      webhookOf({
        name: 'tenants.gatehouse.dev',
        failurePolicy: whenItAnswers,
        conditions: [{ name: 'not-clearing-away', expression: clearing }],
        rules: [...policyRules('DELETE'), ruleOf([''], ['namespaces', 'serviceaccounts'], ['CREATE', 'UPDATE'])],
      }),
    ),
    when(
      onProve,
      webhookOf({
        name: 'pods.gatehouse.dev',
        failurePolicy: noted('It stays: pods have to start while Gatehouse is away.', 'Ignore'),
        conditions: [{ name: 'labels', expression: labelled }],
        rules: [ruleOf([''], ['pods'], ['CREATE', 'UPDATE'])],
      }),
    ),
  ],
};

export const webhooks: readonly Tree[] = [when(onAdmission, configuration)];
