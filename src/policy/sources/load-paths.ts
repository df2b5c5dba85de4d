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
import { scan } from './scan.ts';

/**
 * Every file under some paths, read.
 *
 * @throws GatehouseError `not_found` if a path is not there
 */
export function readPaths(paths: readonly PolicyPath[], options: DialectOptions): readonly PolicyFile[] {
  const seen = scan(paths);
  const missing = seen.missing[0];
  if (missing !== undefined) {
    const why = missing.why === 'ENOENT' ? 'does not exist' : `cannot be read (${missing.why})`;
    throw new GatehouseError('not_found', `${missing.path} ${why}`, { path: missing.path });
  }
  const cache = new ReadCache(options, systemClock);
  return seen.files.map((file) => cache.read(file).policies);
}

/** Joins files for a command that only reads them. */
export function joinForLook(files: readonly PolicyFile[], options: Omit<JoinOptions, 'generation'>): PolicySet {
  return loadPolicies(files, { generation: 0, ...options });
}
