/**
 * The kinds of objects that are read out of a cluster.
 * @module
 */
import type { KindReader } from '../dialects/contribution.ts';
import { createKindTable, type KindTable } from '../dialects/kind-table.ts';
import { registryKinds } from '../dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../dialects/table.ts';

/** A kind, whatever group and version it is read by. */
export interface ObjectKind {
  /** Its own among all, e.g. `calico NetworkPolicy`. */
  readonly id: string;
  readonly kind: string;
  readonly isPolicy: boolean;
  readonly isNamespaced: boolean;
  /** Where it may be served, best first. */
  readonly groups: readonly { readonly group: string; readonly versions: readonly string[] }[];
  /** Only metadata of it is looked at. */
  readonly isMetadataOnly: boolean;
  readonly kinds: KindTable;
}

const ofRegistry = new Set(['Pod', 'Namespace', 'ServiceAccount', 'Service', 'EndpointSlice']);
const byMetadata = new Set(['Namespace', 'ServiceAccount']);

/** Every kind of policy that is read, and what they are about. */
export function policyObjectKinds(): readonly ObjectKind[] {
  return kindsOf(policyKinds.readers, true);
}

/** Pods, and what their labels and ports come from. */
export function registryObjectKinds(): readonly ObjectKind[] {
  return kindsOf(
    registryKinds.readers.filter(({ kind }) => ofRegistry.has(kind)),
    false,
  );
}

function kindsOf(readers: readonly KindReader[], isPolicy: boolean): ObjectKind[] {
  const byId = Map.groupBy(readers, ({ dialect, kind }) => `${dialect} ${kind}`);
  return [...byId].map(([id, some]) => ({
    id,
    kind: some[0]!.kind,
    isPolicy,
    isNamespaced: some[0]!.namespaced,
    groups: some.map(({ group, versions }) => ({ group, versions })),
    isMetadataOnly: byMetadata.has(some[0]!.kind) && !isPolicy,
    kinds: createKindTable(some, new Map()),
  }));
}
