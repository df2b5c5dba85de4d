/**
 * The envelope that every Kubernetes document wears: group, kind, metadata.
 * @module
 */
import type { Place } from './finding.ts';
import type { MapValue } from './value.ts';

/** One document of a file, its metadata read, its fields still to be understood by a dialect. */
export interface PolicyDocument {
  readonly file: string;
  /** Where the document starts. */
  readonly place: Place;
  /** `security.istio.io`; empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Empty for a cluster-scoped kind. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, Annotation>;
  /** `metadata.creationTimestamp` in milliseconds since 1970. */
  readonly createdAtMs: number | undefined;
  readonly root: MapValue;
}

export interface Annotation extends Place {
  readonly text: string;
}

/** What a dialect declares for a kind, so that its envelope can be checked. */
export interface KindScope {
  readonly versions: readonly string[];
  readonly namespaced: boolean;
  /** Which names the API server takes; a DNS subdomain unless said otherwise. */
  readonly nameForm?: 'dns-label';
  /** Fewer characters than the form has at most. */
  readonly mostNameCharacters?: number;
  /** A document may have `generateName` in place of a name. */
  readonly generated?: boolean;
}
