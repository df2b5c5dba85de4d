/**
 * Checks policy files without putting anything in force.
 * @module
 */
import type { DialectOptions } from '../dialects/contribution.ts';
import type { KindTable } from '../dialects/kind-table.ts';
import type { Finding } from '../documents/finding.ts';
import { applyIgnores } from '../ignores.ts';
import { ignoreRule, type OwnerSettings } from './ignore-rule.ts';
import { joinForLook, readPaths } from './load-paths.ts';
import type { PolicyPath } from './policy-path.ts';

/** The outcome of reading every file once. */
export interface PolicyCheck {
  /** Each file's findings together. */
  readonly findings: readonly Finding[];
  /** What was read and what was skipped, in one line. */
  readonly summary: string;
  /** How many findings were left out because their documents ignore them. */
  readonly ignored: number;
}

/** How files are checked. */
export interface CheckOptions extends DialectOptions, OwnerSettings {
  /** Undefined: nothing is ignored. */
  readonly ignore?: boolean;
  /** Files and directories of the registry, whose namespaces name their owners. */
  readonly registry?: { readonly paths: readonly string[]; readonly kinds: KindTable };
}

/**
 * Everything there is to say about the files under some paths.
 *
 * @throws GatehouseError `not_found` if a path is not there
 */
export function checkPolicies(paths: readonly PolicyPath[], options: CheckOptions): PolicyCheck {
  const { rootNamespace } = options;
  const { findings, ignores, summary } = joinForLook(readPaths(paths, options), { absence: 'upstream', rootNamespace });
  if (options.ignore !== true) return { findings, summary, ignored: 0 };
  const { kept, ignored } = applyIgnores(findings, ignores, ignoreRule(options, registryOf(options)));
  return { findings: kept, summary, ignored: ignored.length };
}

/** The namespaces are of interest only where owners are. */
function registryOf({ ignoreBy, registry, ...options }: CheckOptions) {
  if (ignoreBy === undefined || registry === undefined || registry.paths.length === 0) return undefined;
  const { kinds } = registry;
  const files = readPaths(
    registry.paths.map((path) => ({ path, kinds })),
    options,
  );
  return joinForLook(files, { absence: 'upstream', rootNamespace: options.rootNamespace }).model.registry;
}
