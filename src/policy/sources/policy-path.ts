/**
 * Where policies are read from.
 * @module
 */
import type { KindTable } from '../dialects/kind-table.ts';

/** A file or a directory; with `namespaces`, it may hold documents of these namespaces only. */
export interface PolicyPath {
  readonly path: string;
  readonly namespaces?: readonly string[];
  /** Which documents are read there; policies, unless said otherwise. */
  readonly kinds?: KindTable;
}
