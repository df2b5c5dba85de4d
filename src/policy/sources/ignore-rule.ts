/**
 * Whose ignores are obeyed, as the configuration says.
 * @module
 */
import { resolve } from 'node:path';
import type { IgnoreRule } from '../ignores.ts';
import { createOwnerIndex } from '../owners.ts';
import type { Registry } from '../registry/registry.ts';

/** What the configuration says of owners. */
export interface OwnerSettings {
  /** Absolute directories and files, and who answers for what lies there. */
  readonly owners?: readonly (readonly [path: string, owner: string])[];
  /** Owners whose documents may ignore findings; undefined: everybody's may. */
  readonly ignoreBy?: readonly string[] | undefined;
}

/** The rule over these settings. @param registry  whose namespaces name their owners */
export function ignoreRule(
  { owners = [], ignoreBy }: OwnerSettings,
  registry: Pick<Registry, 'namespaces'> | undefined,
): IgnoreRule {
  const ownerOf = createOwnerIndex(registry, owners);
  return {
    ignoreBy,
    ownerOf: (owned) => ownerOf({ ...owned, position: { file: resolve(owned.position.file) } }),
  };
}
