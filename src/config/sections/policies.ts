/**
 * `policies`: what may happen, and how what others wrote is read.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

const patterns = z.array(z.string().min(1)).min(1).optional();
const policyPath = z.union(
  [
    field.path,
    z.strictObject({
      path: field.path.describe('A file or directory.'),
      defaultNamespace: field.kubernetesName
        .optional()
        .describe('The namespace of documents that name none; filled before namespaces is looked at.'),
      namespaces: z.array(field.kubernetesName).min(1).optional().describe('Only documents of these may lie there.'),
      include: patterns.describe('Of a directory, only files that match one of these patterns are read.'),
      exclude: patterns.describe(
        'Of a directory, files and directories that match one of these patterns are left out.',
      ),
    }),
  ],
  { error: 'must be a path or { path, defaultNamespace, namespaces, include, exclude }' },
);
const plane = z.enum(['enforce', 'observe', 'off']);
const ranges = z.array(field.cidr).min(1);
const siteNames = {
  tags: z
    .record(
      z.string().min(1),
      z.union([ranges, z.strictObject({ except: ranges })], {
        error: 'must be a list of CIDRs, or { except: [CIDR…] }',
      }),
    )
    .prefault({})
    .describe('What service tags stand for, by name: CIDRs, or { except } for all others.'),
  applicationSecurityGroups: z
    .record(z.string().min(1), ranges)
    .prefault({})
    .describe('Addresses of application security groups, by name.'),
};
const sitePath = z.union(
  [
    field.path,
    z.strictObject({
      path: field.path.describe('A file or directory.'),
      subnets: ranges.optional().describe('What the network security groups there guard.'),
      ...siteNames,
    }),
  ],
  { error: 'must be a path or { path, subnets, tags, applicationSecurityGroups }' },
);
const site = z.strictObject({
  paths: z
    .array(sitePath)
    .prefault([])
    .describe('SiteRules and network security groups of Azure; watched. Everything there is read.'),
  ...siteNames,
});

/** `policies`. */
export const policies = z.strictObject({
  paths: z.array(policyPath).prefault(['./policies']).describe('Files and directories of policy; watched.'),
  rootNamespace: field.kubernetesName.prefault('istio-system').describe('Its policies hold in every namespace.'),
  absence: z.enum(['upstream', 'strict']).prefault('upstream').describe('How a condition on an absent fact is read.'),
  allowEmpty: z.boolean().prefault(false).describe('Allow everything while there is no policy at all.'),
  planes: z
    .strictObject({
      calico: plane.prefault('enforce').describe('Calico policies on requests.'),
      l4: plane.prefault('observe').describe('Network policies of Calico and Kubernetes, as on packets.'),
      site: plane.prefault('observe').describe('What stands around the cluster: policies.site.'),
    })
    .prefault({})
    .describe('Which planes decide, which are only watched, and which are off.'),
  site: site.prefault({}).describe("The site's own layer: firewalls and security groups around the cluster."),
  candidate: z
    .strictObject({
      paths: z
        .array(policyPath)
        .prefault([])
        .describe(
          'Files and directories of a whole set that is asked beside what is in force, and never in its place; watched.',
        ),
    })
    .prefault({})
    .describe('Policies that are tried on live traffic.'),
  hops: z
    .array(field.cidr)
    .prefault([])
    .describe("Networks behind which the source's place is unknown: NAT, gateways."),
  owners: z
    .record(field.path, z.string().min(1))
    .prefault({})
    .describe('Who answers for the policies of a directory, where neither document nor namespace says so.'),
  ignoreBy: z
    .array(z.string().min(1))
    .optional()
    .describe('Owners whose documents may ignore findings; unless set, every document may.'),
  customProviders: z
    .record(z.string().min(1), z.enum(['envoy']))
    .prefault({})
    .describe('Providers of CUSTOM policies that Envoy itself asks; any other denies.'),
});
