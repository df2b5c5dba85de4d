/**
 * `kubernetes`: the cluster that we belong to.
 * @module
 */
import * as z from 'zod';

/** `kubernetes`. */
export const kubernetes = z.strictObject({
  kubeconfig: z
    .string()
    .prefault('')
    .describe('A kubeconfig; empty: the cluster of the pod that we run in, by its service account.'),
});
