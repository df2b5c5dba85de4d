/**
 * Who lives where: the pods, namespaces, service accounts and network sets that selectors speak of. Plain data.
 * @module
 */

import type { Position } from '../model.ts';

export type LabelPairs = readonly (readonly [key: string, value: string])[];

/** Everything known at one moment; replaced whole. */
export interface Registry {
  readonly endpoints: readonly Endpoint[];
  readonly namespaces: readonly NamespaceEntry[];
  readonly serviceAccounts: readonly ServiceAccountEntry[];
  readonly networkSets: readonly NetworkSet[];
}

/** A pod, or a workload from configuration. */
export interface Endpoint {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly labels: LabelPairs;
  /** Canonical IP addresses; empty for one that is known by its template only. */
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
  /** Shares its node's addresses: policy between pods does not apply to it. */
  readonly hostNetwork: boolean;
  /** Where it was written; absent for a workload from configuration. */
  readonly position?: Position;
}

export interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface NamespaceEntry {
  readonly name: string;
  readonly labels: LabelPairs;
  /** Who answers for what is written there, where its document says so. */
  readonly owner?: string;
}

export interface ServiceAccountEntry {
  readonly namespace: string;
  readonly name: string;
  readonly labels: LabelPairs;
}

/** Calico (Global)NetworkSet; `namespace` is empty for the global kind. */
export interface NetworkSet {
  readonly namespace: string;
  readonly name: string;
  readonly labels: LabelPairs;
  readonly nets: readonly string[];
}

export const emptyRegistry: Registry = { endpoints: [], namespaces: [], serviceAccounts: [], networkSets: [] };
