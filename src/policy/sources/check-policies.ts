/**
 * Checks policy files without putting anything in force.
 * @module
 */
import type { DialectOptions } from '../dialects/contribution.ts';
import type { KindTable } from '../dialects/kind-table.ts';
import { type Finding, hasErrors } from '../documents/finding.ts';
import { applyIgnores } from '../ignores.ts';
import type { PolicyModel } from '../model.ts';
import type { PolicyFile } from '../read-policies.ts';
import { onceAChart } from '../skip/once-a-chart.ts';
import { ignoreRule, type OwnerSettings } from './ignore-rule.ts';
import { joinForLook, readPaths } from './load-paths.ts';
import type { PolicyPath } from './policy-path.ts';

/** The outcome of reading every file once. */
export interface PolicyCheck {
  /** Each file's findings together. */
  readonly findings: readonly Finding[];
  /** What was read and what was skipped, in one line. */
  readonly summary: string;
  readonly counts: CheckCounts;
  /** How many findings were left out because their documents ignore them. */
  readonly ignored: number;
  /** What would be in force; files with errors have no part in it. */
  readonly model: PolicyModel;
}

/** How much was checked. */
export interface CheckCounts {
  readonly policies: number;
  readonly files: number;
  /** Documents that are none of our business. */
  readonly skipped: number;
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
  const files = readPaths(paths, options);
  const { findings: all, ignores, summary, model } = joinForLook(files, { absence: 'upstream', rootNamespace });
  const said = onceAChart(all);
  const counts = countsOf(files);
  const findings = counts.policies === 0 && !hasErrors(said) ? [...said, nothingChecked(paths)] : said;
  if (options.ignore !== true) return { findings, summary, counts, ignored: 0, model };
  const { kept, ignored } = applyIgnores(findings, ignores, ignoreRule(options, registryOf(options)));
  return { findings: kept, summary, counts, ignored: ignored.length, model };
}

function countsOf(files: readonly PolicyFile[]): CheckCounts {
  const policies = files.flatMap(({ documents }) => documents.filter(({ isPolicy }) => isPolicy)).length;
  const skipped = files.flatMap((file) => [...file.skipped.values()]).reduce((sum, count) => sum + count, 0);
  return { policies, files: files.length, skipped };
}

/** A check of nothing is most often one of the wrong place. */
function nothingChecked(paths: readonly PolicyPath[]): Finding {
  return {
    ...({
      file: paths[0]?.path ?? '',
      line: 1,
      column: 1,
      severity: 'error',
      code: 'nothing-checked',
      path: '',
    } as const),
    message: 'there is no policy here: nothing was checked',
    fix: 'name the files or directories that hold policies (*.yaml, *.yml, *.json), or render them first',
  };
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
