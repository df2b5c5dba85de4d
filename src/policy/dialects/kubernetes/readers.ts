/**
 * The readers of Kubernetes' own policy kinds.
 * @module
 */
import type { KindReader } from '../contribution.ts';
import { networkPolicyReader } from './network-policy.ts';

export const kubernetesReaders: readonly KindReader[] = [networkPolicyReader];
