/**
 * `admission`: what a cluster lets through the door.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

/** `admission`. */
export const admission = z.strictObject({
  check: z
    .enum(['warn', 'enforce'])
    .prefault('warn')
    .describe('enforce: what policy check refuses does not come into the cluster; warn: its author is told.'),
  prove: z
    .enum(['enforce', 'warn', 'off'])
    .prefault('off')
    .describe(
      'enforce: a change that opens one of tenants is refused; warn: its author is told. off: nothing is proved.',
    ),
  onTimeout: z
    .enum(['allow', 'deny'])
    .prefault('allow')
    .describe('What becomes of a change that cannot be judged before the API server gives up waiting.'),
  service: z
    .string()
    .regex(/^$|^[a-z]([-a-z0-9]{0,61}[a-z0-9])?\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be NAME.NAMESPACE')
    .prefault('')
    .describe(
      'NAME.NAMESPACE of the Service that the API server asks: our SVID has NAME.NAMESPACE.svc. Its namespace is never blocked.',
    ),
  configuration: z
    .union([z.literal(''), field.kubernetesName])
    .prefault('')
    .describe('The ValidatingWebhookConfiguration whose caBundle and failurePolicy we keep right. Empty: none.'),
  clientCa: z
    .string()
    .prefault('')
    .describe(
      'A PEM file: only callers with a certificate of it are answered. Empty: everybody who reaches the listener.',
    ),
});
