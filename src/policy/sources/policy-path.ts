/**
 * Where policies are read from.
 * @module
 */

/** A file or a directory; with `namespaces`, it may hold documents of these namespaces only. */
export interface PolicyPath {
  readonly path: string;
  readonly namespaces?: readonly string[];
}
