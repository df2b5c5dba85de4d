/**
 * `tenants`: who is to be alone, for `policy prove`.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

const requirement = z.strictObject({
  key: z.string().min(1),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string()).prefault([]),
});
const selector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).prefault({}),
  matchExpressions: z.array(requirement).prefault([]),
});
const patterns = z.array(z.string().min(1)).min(1);
const intervals = z.array(z.tuple([z.int().min(1).max(65_535), z.int().min(1).max(65_535)])).min(1);
const region = z.strictObject({
  kinds: z
    .array(z.enum(['http', 'tcp']))
    .min(1)
    .optional(),
  protocols: z
    .array(z.enum(['TCP', 'UDP', 'SCTP']))
    .min(1)
    .optional(),
  ports: intervals.optional(),
  notPorts: intervals.optional(),
  methods: patterns.optional(),
  notMethods: patterns.optional(),
  hosts: patterns.optional(),
  notHosts: patterns.optional(),
  paths: patterns.optional(),
  notPaths: patterns.optional(),
  mtls: z.boolean().optional(),
});
const end = z
  .string()
  .min(1)
  .prefault('*')
  .describe('A tenant, a namespace, namespace/serviceAccount, or * for every pod.');

/** One of `tenants`. */
const tenant = z.strictObject({
  namespaces: z
    .union([z.array(field.kubernetesName).min(1), z.string().min(1), selector], {
      error:
        "must be names of namespaces, a selector as Calico writes it (team == 'red'), or { matchLabels, matchExpressions }",
    })
    .describe(
      "Names, or a selector over the labels of namespaces: team == 'red', or { matchLabels, matchExpressions }.",
    ),
  isolation: z
    .enum(['soft', 'hard'])
    .prefault('soft')
    .describe('hard: what only the source enforces does not count, and pods to come must be kept out too.'),
  shared: z
    .array(z.strictObject({ from: end, to: end, region: z.array(region).min(1).optional() }))
    .prefault([])
    .describe('What others may reach, and it may reach, by agreement.'),
  claims: z
    .record(z.string().min(1), patterns)
    .optional()
    .describe(
      'What tokens of its callers may claim, by claim; unless set, anything. A claim that is not named is in none of them, but iss, sub, aud, azp, exp, nbf, iat and jti: those may be anything that is accepted.',
    ),
});

/** `tenants`. */
export const tenants = z.record(z.string().min(1), tenant).prefault({});

/** One of `tenants` as it is written. */
export type TenantConfig = z.output<typeof tenant>;
