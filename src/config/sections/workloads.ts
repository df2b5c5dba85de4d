/**
 * `entries` and `workloads`: who may be what, and what an Envoy protects.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

/** One of `entries`. */
export const entry = z.strictObject({
  spiffeId: field.spiffeId,
  selectors: z
    .array(field.selector)
    .min(1, 'an entry without selectors would entitle everybody')
    .describe('All must hold.'),
  x509SvidTtl: field.duration.optional(),
  jwtSvidTtl: field.duration.optional(),
  dnsNames: z.array(field.dnsName).prefault([]).describe('DNS names in its certificate.'),
  federatesWith: z
    .array(field.trustDomain)
    .prefault([])
    .describe('Other trust domains that its callers know too: they get those bundles with their own.'),
  hint: z.string().max(1024).prefault('').describe('Tells a workload its several identities apart.'),
});

/** One of `workloads`. */
export const workload = z.strictObject({
  namespace: field.kubernetesName.describe('Its namespace.'),
  serviceAccount: field.kubernetesName.describe('Its service account.'),
  spiffeId: z.string().prefault('').describe('Only where the ID does not follow /ns/<namespace>/sa/<service account>.'),
  labels: z
    .record(z.string(), z.string())
    .optional()
    .describe('Its labels, for policies with a selector. Absent: unknown.'),
  addresses: z.array(field.cidr).prefault([]).describe('Addresses and networks where it is reached.'),
  federatesWith: z
    .array(field.trustDomain)
    .prefault([])
    .describe('Other trust domains that callers of its socket know too.'),
  trustedHops: z
    .int()
    .min(0)
    .max(255)
    .optional()
    .describe('Proxies in front of it whose X-Forwarded-For is believed. Absent: extAuthz.trustedHops.'),
  socket: field.unixSocket
    .optional()
    .describe('A Workload API socket of its own; attests whoever may open it. Mode 0600 unless told.'),
});
