/**
 * `attestation`: who else vouches for callers, besides the kernel.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

const NAME = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;

const labelKey = z.string().regex(LABEL_KEY, 'not the key of a label');
const labelValue = z.string().regex(LABEL_VALUE, 'not the value of a label');

const requirement = z
  .strictObject({
    key: labelKey.describe('The key of a label.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('What its value must be.'),
    values: z.array(labelValue).prefault([]).describe('Of In and NotIn.'),
  })
  .refine(
    ({ operator, values }) => (operator === 'In' || operator === 'NotIn') === values.length > 0,
    'In and NotIn have values, Exists and DoesNotExist have none',
  );

const labelSelector = z.strictObject({
  matchLabels: z.record(labelKey, labelValue).prefault({}).describe('Labels that it must have, all of them.'),
  matchExpressions: z.array(requirement).prefault([]).describe('What else must hold, all of it.'),
});

const audience = z.string().min(1, 'an audience cannot be empty').max(253);

/** `attestation.kubernetes`. */
const kubernetes = z.strictObject({
  audience: z
    .union([audience, z.array(audience).min(1, 'name one at least').max(8)], {
      error: 'must be an audience or a list of them',
    })
    .prefault('gatehouse')
    .describe("For whom a service account token must be; Istio's agents mount one for istio-ca."),
  verify: z
    .enum(['offline', 'review', 'both'])
    .prefault('both')
    .describe(
      "How tokens are proved: by the cluster's keys, by TokenReview, or by both; the life of the pod always counts.",
    ),
  implicit: z
    .strictObject({
      namespaces: z
        .array(field.kubernetesName)
        .prefault([])
        .describe('Their service accounts are /ns/<namespace>/sa/<name> without an entry.'),
      namespaceSelector: labelSelector
        .optional()
        .describe('And those of namespaces with these labels; never kube-system nor our own, unless named above.'),
      federatesWith: z.array(field.trustDomain).prefault([]).describe('Other trust domains that they all know too.'),
    })
    .prefault({})
    .describe('Identities without an entry; nobody by default.'),
  nodeName: z
    .string()
    .prefault('')
    .describe('The node whose pods call the Workload API; empty: NODE_NAME of the environment, and without it none.'),
  nodeProxies: z
    .array(z.string().regex(new RegExp(`^${NAME}/${NAME}$`), 'must be NAMESPACE/SERVICEACCOUNT'))
    .prefault([])
    .describe('Service accounts that speak for the pods of their own node, such as istio-system/ztunnel.'),
  clusterId: z
    .string()
    .prefault('')
    .describe('What callers of the Istio CA API must say of their cluster (ISTIO_META_CLUSTER_ID); empty: whatever.'),
  renewFor: field.durationOrNone
    .prefault('24h')
    .describe(
      'How long after its last token a pod may renew by its certificate alone, at the Istio CA API; 0s: never.',
    ),
});

/** `attestation`. */
export const attestation = z.strictObject({
  kubernetes: kubernetes.optional().describe('Pods and service accounts of the cluster in kubernetes. Absent: none.'),
});
