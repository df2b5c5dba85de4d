/**
 * Checks policy files without putting anything in force.
 * @module
 */
import type { DialectOptions } from '../dialects/contribution.ts';
import type { Finding } from '../documents/finding.ts';
import { joinForLook, readPaths } from './load-paths.ts';
import type { PolicyPath } from './policy-path.ts';

/**
 * Everything there is to say about the files under some paths, each file's findings together.
 *
 * @throws GatehouseError `not_found` if a path is not there
 */
export function checkPolicies(paths: readonly PolicyPath[], options: DialectOptions): readonly Finding[] {
  const { rootNamespace } = options;
  return joinForLook(readPaths(paths, options), { absence: 'upstream', rootNamespace }).findings;
}
