/**
 * Who answers for what is found: the owner of the policy in force that stands there, else of the directory.
 * @module
 */

import type { PolicyModel } from '../../policy/model.ts';
import { createOwnerIndex } from '../../policy/owners.ts';

/** Where something is found. */
interface FoundPlace {
  readonly file: string;
  readonly line: number;
}

/**
 * Makes the look-up. A finding lies in the last policy of its file that begins at or above its line.
 *
 * @param directories  owners by absolute path, as the configuration has them
 */
export function findingOwners(
  model: PolicyModel,
  directories: readonly (readonly [path: string, owner: string])[],
): (place: FoundPlace) => string | undefined {
  const owned = model.planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => stage.policies.map(({ position, owner }) => ({ ...position, owner }))),
  );
  const byFile = Map.groupBy(owned, ({ file }) => file);
  const directoryOwner = createOwnerIndex(undefined, directories);
  return ({ file, line }) => {
    const above = (byFile.get(file) ?? []).filter((each) => each.line <= line);
    const last = above.reduce<(typeof above)[number] | undefined>(
      (found, each) => (found === undefined || each.line >= found.line ? each : found),
      undefined,
    );
    if (last !== undefined && last.owner !== '') return last.owner;
    return directoryOwner({ ref: { namespace: '' }, position: { file }, owner: '' });
  };
}
