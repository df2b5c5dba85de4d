/**
 * The owner of a policy: what the document says, else its namespace, else the directory that it lies in.
 * @module
 */
import { sep } from 'node:path';
import type { Position } from './documents/position.ts';
import type { PolicyRef } from './model.ts';
import type { Registry } from './registry/registry.ts';

/** What an owner is looked up by. Every policy of the model is one. */
export interface Owned {
  readonly ref: Pick<PolicyRef, 'namespace'>;
  readonly position: Pick<Position, 'file'>;
  /** The owner that the document itself names; empty without one. */
  readonly owner: string;
}

/** Returns the owner of a policy; undefined if none is named. */
export type OwnerOf = (owned: Owned) => string | undefined;

/** Creates the look-up. `directories` are absolute paths; of those that hold a file the longest counts. */
export function createOwnerIndex(
  registry: Pick<Registry, 'namespaces'> | undefined,
  directories: readonly (readonly [path: string, owner: string])[],
): OwnerOf {
  const namespaces = new Map((registry?.namespaces ?? []).map(({ name, owner }) => [name, owner]));
  const longestFirst = directories.toSorted(([a], [b]) => b.length - a.length);
  const holds = (path: string, file: string): boolean =>
    file === path || file.startsWith(path.endsWith(sep) ? path : path + sep);
  return ({ ref, position, owner }) =>
    owner || namespaces.get(ref.namespace) || longestFirst.find(([path]) => holds(path, position.file))?.[1];
}
