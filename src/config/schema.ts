/**
 * `gatehouse.yaml` as it is written: every key, its default, and what it may hold. The contract's configuration table in code.
 * Descriptions go to the JSON Schema that editors use.
 * @module
 */
import * as z from 'zod';
import * as field from './fields.ts';
import { admin } from './sections/admin.ts';
import { admission } from './sections/admission.ts';
import { attestation } from './sections/attestation.ts';
import { authority } from './sections/authority.ts';
import { extAuthz } from './sections/checks.ts';
import { federation } from './sections/federation.ts';
import { kubernetes } from './sections/kubernetes.ts';
import { listen } from './sections/listen.ts';
import { policies } from './sections/policies.ts';
import { tenants } from './sections/tenants.ts';
import { entry, workload } from './sections/workloads.ts';

const feed = z.strictObject({
  maxAge: field.duration
    .prefault('30s')
    .describe('A decider whose knowledge is older goes on deciding, and is not ready.'),
  joinFile: z
    .string()
    .prefault('')
    .describe(
      'A file of `gatehouse join-token create --write`; needed once, for an authority that is not on a unix socket.',
    ),
});

const tls = z.strictObject({
  dnsNames: z
    .array(field.dnsName)
    .prefault([])
    .describe('Names in our own SVIDs, for clients that look for a host name, such as Prometheus.'),
});

const jwks = z.strictObject({
  denyNetworks: z
    .array(field.cidr)
    .prefault(['169.254.0.0/16', 'fe80::/10'])
    .describe('Networks that key sets are never fetched from.'),
  allowNetworks: z.array(field.cidr).prefault([]).describe('Wins over denyNetworks; loopback must be named here.'),
});

/** The whole file. */
export const documentSchema = z.strictObject({
  trustDomain: field.trustDomain.describe('The SPIFFE trust domain that this Gatehouse signs for.'),
  trustDomainAliases: z.array(field.trustDomain).prefault([]).describe('Other names under which policies know it.'),
  roles: z
    .array(z.enum(['authority', 'decider']))
    .min(1)
    .prefault(['authority', 'decider'])
    .describe('authority gives identities, decider answers Checks.'),
  authorityAddress: field.authorityAddress
    .prefault('')
    .describe('Where a decider without the authority role learns of revocations and bundles: listen.feed over there.'),
  feed: feed.prefault({}).describe('Of a decider without the authority role.'),
  dataDir: field.path.prefault('./data').describe('Created 0700; one writer at a time.'),
  listen: listen.prefault({}).describe('Where we are asked.'),
  store: z
    .string()
    .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'must be sqlite:PATH or postgres://…')
    .prefault('sqlite:./data/gatehouse.db')
    .describe('Where the authority keeps its state: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE.'),
  authority: authority.prefault({}).describe('The CA.'),
  policies: policies.prefault({}).describe('What may happen.'),
  entries: z.array(entry).prefault([]).describe('Who may be what.'),
  attestation: attestation.prefault({}).describe('Who else vouches for callers, besides the kernel.'),
  registry: z
    .strictObject({
      paths: z
        .array(field.path)
        .prefault([])
        .describe('Files and directories of Pods, Namespaces, ServiceAccounts, Services and EndpointSlices; watched.'),
    })
    .prefault({})
    .describe('Which workloads there are, as Kubernetes YAML.'),
  kubernetes: kubernetes
    .optional()
    .describe('The cluster that we belong to, and what is read out of it. Absent: nothing is.'),
  workloads: z.array(workload).prefault([]).describe('What an Envoy protects, where it does not say so itself.'),
  tenants: tenants.describe('Whose namespaces are to be alone, for `policy prove`.'),
  extAuthz: extAuthz.prefault({}).describe('How Checks are answered.'),
  admin: admin.prefault({}).describe('Who may use the admin API.'),
  admission: admission.prefault({}).describe('What a cluster lets through the door.'),
  tls: tls.prefault({}).describe('Our own certificates.'),
  federation: federation
    .prefault({})
    .describe('Other trust domains that ours federates with; their bundles are never merged.'),
  jwks: jwks.prefault({}).describe('Guards of the fetches of key sets.'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .prefault('info')
        .describe('Least severity that is written; decisions are of level info.'),
      facts: z
        .enum(['none', 'names', 'hashes', 'values'])
        .prefault('names')
        .describe(
          'How a decision tells the headers, claims and metadata that policies read: which and how many, hashed, or as they are. none: no facts at all. Tokens are never told.',
        ),
    })
    .prefault({})
    .describe('The log, JSON lines on stderr.'),
});

/** The file with its defaults filled in, still as people write it. */
export type ConfigDocument = z.output<typeof documentSchema>;
