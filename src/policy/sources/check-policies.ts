/**
 * Checks policy files without putting anything in force.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { DialectOptions } from '../dialects/contribution.ts';
import type { Finding } from '../documents/finding.ts';
import { loadPolicies } from '../load.ts';
import type { PolicyPath } from './policy-path.ts';
import { ReadCache } from './read-cache.ts';
import { scan } from './scan.ts';

/**
 * Everything there is to say about the files under some paths, each file's findings together.
 *
 * @throws GatehouseError `not_found` if a path is not there
 */
export function checkPolicies(paths: readonly PolicyPath[], options: DialectOptions): readonly Finding[] {
  const seen = scan(paths);
  const missing = seen.missing[0];
  if (missing !== undefined) {
    const why = missing.why === 'ENOENT' ? 'does not exist' : `cannot be read (${missing.why})`;
    throw new GatehouseError('not_found', `${missing.path} ${why}`, { path: missing.path });
  }
  const cache = new ReadCache(options, systemClock);
  const files = seen.files.map((file) => cache.read(file).policies);
  return loadPolicies(files, { generation: 0, absence: 'upstream', rootNamespace: options.rootNamespace }).findings;
}
