/**
 * Checks policy files without putting anything in force.
 * @module
 */
import type { DialectOptions } from '../dialects/contribution.ts';
import type { Finding } from '../documents/finding.ts';
import { joinForLook, readPaths } from './load-paths.ts';
import type { PolicyPath } from './policy-path.ts';

/** The outcome of reading every file once. */
export interface PolicyCheck {
  /** Each file's findings together. */
  readonly findings: readonly Finding[];
  /** What was read and what was skipped, in one line. */
  readonly summary: string;
}

/**
 * Everything there is to say about the files under some paths.
 *
 * @throws GatehouseError `not_found` if a path is not there
 */
export function checkPolicies(paths: readonly PolicyPath[], options: DialectOptions): PolicyCheck {
  const { rootNamespace } = options;
  const { findings, summary } = joinForLook(readPaths(paths, options), { absence: 'upstream', rootNamespace });
  return { findings, summary };
}
