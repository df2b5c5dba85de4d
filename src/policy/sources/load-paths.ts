/**
 * Reads policies and registry from files once, without putting anything in force.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { DialectOptions } from '../dialects/contribution.ts';
import { type JoinOptions, loadPolicies, type PolicySet } from '../load.ts';
import type { PolicyFile } from '../read-policies.ts';
import type { PolicyPath } from './policy-path.ts';
import { ReadCache } from './read-cache.ts';
import { type Missing, scan } from './scan.ts';

/**
 * Every file under some paths, read.
 *
 * @throws GatehouseError `not_found` if a path is not there
 */
export function readPaths(paths: readonly PolicyPath[], options: DialectOptions): readonly PolicyFile[] {
  const { files, missing } = lookAtPaths(paths, options);
  const [first] = missing;
  if (first === undefined) return files;
  const why = first.why === 'ENOENT' ? 'does not exist' : `cannot be read (${first.why})`;
  throw new GatehouseError('not_found', `${first.path} ${why}`, { path: first.path });
}

/** Every file under some paths, read, and what of the paths is not there. */
export function lookAtPaths(
  paths: readonly PolicyPath[],
  options: DialectOptions,
): { readonly files: readonly PolicyFile[]; readonly missing: readonly Missing[] } {
  const { files, missing } = scan(paths);
  const cache = new ReadCache(options, systemClock);
  return { files: files.map((file) => cache.read(file).policies), missing };
}

/** Joins files for a command that only reads them. */
export function joinForLook(files: readonly PolicyFile[], options: Omit<JoinOptions, 'generation'>): PolicySet {
  return loadPolicies(files, { generation: 0, ...options });
}
