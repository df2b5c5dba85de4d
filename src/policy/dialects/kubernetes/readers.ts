/**
 * The readers of Kubernetes' own policy kinds.
 * @module
 */
import type { KindReader } from '../contribution.ts';
import { clusterNetworkPolicyReaders } from './cluster-network-policy.ts';
import { networkPolicyReader, stagedKubernetesReaders } from './network-policy.ts';

/** Readers of the policy kinds of Kubernetes. */
export const kubernetesReaders: readonly KindReader[] = [
  networkPolicyReader,
  ...stagedKubernetesReaders,
  ...clusterNetworkPolicyReaders,
];
