/**
 * `kubernetes`: the cluster that we belong to, and that policies and registry are read out of.
 * @module
 */
import * as z from 'zod';
import * as field from '../fields.ts';

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
    .describe('Pods, Namespaces, ServiceAccounts and Services there are the registry.'),
  namespaces: z
    .array(field.kubernetesName)
    .prefault([])
    .describe('Objects of these namespaces alone are read, beside those of no namespace; empty: of all.'),
});
