/**
 * Where policies are read from.
 * @module
 */
import type { KindTable } from '../dialects/kind-table.ts';

/** A file or a directory; with `namespaces`, it may hold documents of these namespaces only. */
export interface PolicyPath {
  readonly path: string;
  readonly namespaces?: readonly string[];
  /** The namespace of documents there that name none; filled before `namespaces` is looked at. */
  readonly defaultNamespace?: string;
  /** Of a directory, files that match one of these patterns alone are read. */
  readonly include?: readonly string[];
  /** Of a directory, files and directories that match one of these patterns are left out. */
  readonly exclude?: readonly string[];
  /** What stands there, for what is no file: standard input. */
  readonly text?: string;
  /** Which documents are read there; policies, unless said otherwise. */
  readonly kinds?: KindTable;
}
