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
  return allOf(lookAtPaths(paths, options));
}

/** Reads every file under some paths. @throws GatehouseError `not_found` if a path is not there */
export type ReadPaths = typeof readPaths;

/** Reads paths time after time, for whoever looks at errors alone: what two files of one name have in common is read once. */
export function createReadPaths(): ReadPaths {
  let last: ReadCache | undefined;
  return (paths, options) => {
    last = new ReadCache({ ...options, wantsErrorsAlone: true }, systemClock, last);
    return allOf(lookWith(last, paths));
  };
}

interface Look {
  readonly files: readonly PolicyFile[];
  readonly missing: readonly Missing[];
}

function allOf({ files, missing }: Look): readonly PolicyFile[] {
  const [first] = missing;
  if (first === undefined) return files;
  const why = first.why === 'ENOENT' ? 'does not exist' : `cannot be read (${first.why})`;
  throw new GatehouseError('not_found', `${first.path} ${why}`, { path: first.path });
}

/** Every file under some paths, read, and what of the paths is not there. */
export function lookAtPaths(paths: readonly PolicyPath[], options: DialectOptions): Look {
  return lookWith(new ReadCache(options, systemClock), paths);
}

function lookWith(cache: ReadCache, paths: readonly PolicyPath[]): Look {
  const { files, missing } = scan(paths);
  return { files: files.map((file) => cache.read(file).policies), missing };
}

/** Joins files for a command that only reads them. */
export function joinForLook(files: readonly PolicyFile[], options: Omit<JoinOptions, 'generation'>): PolicySet {
  return loadPolicies(files, { generation: 0, ...options });
}
