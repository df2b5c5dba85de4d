/**
 * The webhook by which a cluster asks before it stores a policy.
 * @module
 */
import { live, noted, release, type Tree, text, value, when } from '../chart/tree.ts';
import { onAdmission } from './choices.ts';
import { commonLabels, nameOf, ports } from './names.ts';

/** Policies, by group. */
const asked = {
  'security.istio.io': ['authorizationpolicies', 'peerauthentications', 'requestauthentications'],
  'networking.k8s.io': ['networkpolicies'],
  'policy.networking.k8s.io': ['clusternetworkpolicies'],
} satisfies Record<string, readonly string[]>;
const ofCalico = ['networkpolicies', 'globalnetworkpolicies', 'networksets', 'globalnetworksets', 'tiers'];

const ruleOf = (groups: readonly string[], resources: readonly string[]): Tree => ({
  operations: ['CREATE', 'UPDATE'],
  apiGroups: groups,
  apiVersions: ['*'],
  resources,
});

const CONFIGURATION = '"admissionregistration.k8s.io/v1" "ValidatingWebhookConfiguration" "" $.Values.name';
/** What is there now: Gatehouse sets it, and an upgrade must not set it back. */
const policyNow = `dig "failurePolicy" "" (first (concat (dig "webhooks" list (lookup ${CONFIGURATION})) (list dict)))`;

const configuration: Tree = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: value('name'), labels: commonLabels },
  webhooks: [
    {
      name: 'policies.gatehouse.dev',
      clientConfig: noted('The caBundle is written by Gatehouse, which alone knows its authorities.', {
        service: {
          name: nameOf('authority'),
          namespace: release('namespace'),
          port: ports.admission,
          path: '/validate',
        },
      }),
      failurePolicy: noted(
        'Until it answers; with check: enforce Gatehouse sets Fail then, and an upgrade leaves that as it is.',
        live(policyNow, 'Ignore'),
      ),
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 5,
      namespaceSelector: noted(
        'What mends Gatehouse, or the cluster, is never blocked, also while Gatehouse is away.',
        {
          matchExpressions: [
            { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', release('namespace')] },
          ],
        },
      ),
      matchConditions: [
        {
          name: 'not-our-own',
          expression: text(
            "!request.userInfo.username.startsWith('system:serviceaccount:",
            release('namespace'),
            ":')",
          ),
        },
      ],
      rules: [
        ...Object.entries(asked).map(([group, resources]) => ruleOf([group], resources)),
        ruleOf(['projectcalico.org', 'crd.projectcalico.org'], ofCalico),
      ],
    },
  ],
};

export const webhooks: readonly Tree[] = [when(onAdmission, configuration)];
