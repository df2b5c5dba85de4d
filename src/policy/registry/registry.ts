import type { Position } from '../documents/position.ts';

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
  /** The ports at which Services reach it; absent or empty: none does. */
  readonly behind?: readonly ServicePort[];
  /** Where it was written; absent for a workload from configuration. */
  readonly position?: Position;
}

/** A port of a pod, or of another place, that a Service sends to. */
export interface ServicePort {
  /** `serviceKey` of the Service. */
  readonly service: string;
  /** `NO_PORT` where a Service has places and no ports: rules on callers mean it, rules on ports do not. */
  readonly port: number;
  /** The port of the Service itself. */
  readonly own?: number;
  readonly protocol: NamedPort['protocol'];
}

/** No connection goes to it. */
export const NO_PORT = 65_536;

/** A Kubernetes Service; without a selector its places are those of its EndpointSlices alone. */
export interface ServiceEntry {
  readonly namespace: string;
  readonly name: string;
  readonly selector: LabelPairs;
  /** `target` is a number, or the name that the pod gives the port; `own` is the port of the Service itself. */
  readonly ports: readonly {
    readonly target: string;
    readonly own?: number;
    readonly protocol: NamedPort['protocol'];
  }[];
}

/** A Kubernetes EndpointSlice: some of the places behind a Service. */
export interface SliceEntry {
  readonly namespace: string;
  readonly name: string;
  /** The name of its Service. */
  readonly service: string;
  /** Of endpoints that are not ready too, as Calico takes them. */
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly port: number; readonly protocol: NamedPort['protocol'] }[];
}

/** Names a Service as no label and no port can be named: by a key with a blank. */
export function serviceKey(namespace: string, name: string): string {
  return `service ${namespace}/${name}`;
}

/** Tells whether a key is that of a Service. */
export function isServiceKey(key: string): boolean {
  return key.startsWith('service ');
}

/** A port that a pod gives a name. */
export interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** A namespace, its labels, and its owner. */
export interface NamespaceEntry {
  readonly name: string;
  readonly labels: LabelPairs;
  /** Who answers for what is written there, where its document says so. */
  readonly owner?: string;
}

/** A service account and its own labels. */
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
  /** A place behind Services that is no pod of theirs, in no document: rules by these Services alone mean it. */
  readonly behind?: readonly ServicePort[];
}

export const emptyRegistry: Registry = { endpoints: [], namespaces: [], serviceAccounts: [], networkSets: [] };
