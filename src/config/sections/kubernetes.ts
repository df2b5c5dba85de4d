/**
 * `kubernetes`: the cluster that we belong to, and that policies and registry are read out of.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

const signer = z.strictObject({
  name: z
    .string()
    .max(571)
    .regex(
      /^(?!([a-z0-9.-]+\.)?kubernetes\.io\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
      'not the name of a signer: write a domain of yours, a slash and a name, such as gatehouse.io/workload',
    )
    .describe('What volumes of pods name as signerName, such as gatehouse.io/workload.'),
  ttl: field.duration
    .prefault('24h')
    .describe('The most that a certificate of a pod lives, from 1h to 91d; the volume may ask for less.'),
});

const leader = z.strictObject({
  namespace: z
    .union([z.literal(''), field.kubernetesName])
    .prefault('')
    .describe('Where the Lease lies. Empty: the namespace of our pod; outside of a cluster, default.'),
  lease: field.kubernetesName.prefault('gatehouse').describe('Its name.'),
});

/** `kubernetes`. */
export const kubernetes = z.strictObject({
  kubeconfig: z
    .string()
    .prefault('')
    .describe('A kubeconfig, whose current context holds; empty: the service account of the pod that we run in.'),
  policies: z.boolean().prefault(true).describe('Policies of every kind that is known and served there are in force.'),
  registry: z
    .boolean()
    .prefault(true)
    .describe('Pods, Namespaces, ServiceAccounts, Services and EndpointSlices there are the registry.'),
  namespaces: z
    .array(field.kubernetesName)
    .prefault([])
    .describe('Objects of these namespaces alone are read, beside those of no namespace; empty: of all.'),
  status: z
    .boolean()
    .prefault(false)
    .describe('What is found in policies there is told there: conditions of ClusterNetworkPolicies, events on others.'),
  signer: signer
    .optional()
    .describe('Signs what kubelets ask for by PodCertificateRequest, and publishes our roots. Absent: nothing of it.'),
  leader: leader.prefault({}).describe('By which one of several replicas is chosen to write to the cluster.'),
});
