/**
 * `admin`: who may use the admin API.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

const adminClient = z.union(
  [
    field.spiffeId,
    z.strictObject({
      id: field.spiffeId,
      role: z
        .enum(['read', 'operate'], { error: 'a role must be given: read or operate' })
        .describe('operate: everything; read: looks, and changes nothing.'),
      namespaces: z
        .array(field.kubernetesName)
        .min(1, 'a list of no namespaces would let it see nothing: name some, or leave namespaces out for all')
        .optional()
        .describe('Only with role read: what it sees lies in these. Absent: everything.'),
    }),
  ],
  {
    error: ({ input, errors }) =>
      (typeof input === 'string' ? errors?.[0]?.[0]?.message : undefined) ??
      'must be a SPIFFE ID or { id, role, namespaces }',
  },
);

/** `admin`. */
export const admin = z.strictObject({
  clients: z
    .array(adminClient)
    .prefault([])
    .describe('Who may use the admin API over mTLS; a bare SPIFFE ID operates on everything.'),
  group: field.account
    .optional()
    .describe(
      "Its members read by the admin API's unix socket, which it may then open (mode 0660 unless told). Absent: nobody.",
    ),
});
