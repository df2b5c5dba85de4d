/**
 * Lints policy files over a registry, without a server.
 * @module
 */
import { lint } from '../../analysis/lint/lint.ts';
import type { LintFinding } from '../../analysis/lint/scene/lint-finding.ts';
import type { LintDeps } from '../../analysis/lint/scene/lint-scene.ts';
import type { CallerName } from '../../authz/http/dialect.ts';
import { type QuestionOptions, unguarded } from '../../authz/question.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/read-config.ts';
import { GatehouseError } from '../../errors.ts';
import { usualDialect } from '../../policy/dialects/contribution.ts';
import { joinKindTables } from '../../policy/dialects/kind-table.ts';
import { registryKinds } from '../../policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../policy/dialects/table.ts';
import { type Finding, firstErrorPlace } from '../../policy/documents/finding.ts';
import { applyIgnores } from '../../policy/ignores.ts';
import type { Absence } from '../../policy/model.ts';
import { createOwnerIndex } from '../../policy/owners.ts';
import { ignoreRule } from '../../policy/sources/ignore-rule.ts';
import { joinForLook, readPaths } from '../../policy/sources/load-paths.ts';
import type { PolicyPath } from '../../policy/sources/policy-path.ts';
import { checkOptions } from './check-options.ts';
import { dialectOptions, sourceOptions } from './policy-sources.ts';

export type LintProgress = NonNullable<LintDeps['progress']>;

export interface LintRequest {
  /** Files and directories that hold policies, pods, or both. */
  readonly paths: readonly PolicyPath[];
  /** Whose paths, registry, workloads, hops and owners count besides. */
  readonly configFile: string | undefined;
  readonly rootNamespace: string | undefined;
  /** False: nothing is ignored. */
  readonly ignore: boolean;
  /** A proxy that asks by HTTP. */
  readonly proxy?: CallerName | undefined;
  /** Hears what is asked about, and how far that is. */
  readonly progress?: LintProgress;
}

/** What the linter found. */
export interface LintAnswer {
  readonly findings: readonly LintFinding[];
  /** How many findings were left out because their documents ignore them. */
  readonly ignored: number;
  /** What was read and what was skipped, in one line. */
  readonly summary: string;
}

const everyKind = joinKindTables(policyKinds, registryKinds);

/**
 * Lints what stands under the paths.
 *
 * @throws GatehouseError `policy_invalid` if a file has an error, so that nothing could be said; `not_found`, `config_invalid`
 */
export function lintOffline(request: LintRequest): LintAnswer {
  const config = request.configFile === undefined ? undefined : loadConfig(request.configFile);
  const told = config === undefined ? usualDialect : dialectOptions(config);
  const options = request.rootNamespace === undefined ? told : { ...told, rootNamespace: request.rootNamespace };
  const source = config && sourceOptions(config);
  const paths: PolicyPath[] = [
    ...request.paths.map((each) => ({ ...each, kinds: everyKind })),
    ...(source?.paths ?? []),
  ];
  const files = readPaths(paths, options);
  const join = (absence: Absence) =>
    joinForLook(files, {
      absence,
      rootNamespace: options.rootNamespace,
      planes: { calico: 'enforce', l4: 'enforce', site: 'enforce' },
      ...(source && { endpoints: source.endpoints, hops: source.hops }),
    });
  const set = join('upstream');
  const place = firstErrorPlace(set.findings);
  if (place !== undefined) {
    const first = set.findings.find(({ severity }) => severity === 'error');
    const message = `${place}: ${first?.message} (${first?.fix}); gatehouse policy check tells all errors`;
    throw new GatehouseError('policy_invalid', message, { place });
  }
  const found = lint({
    model: set.model,
    strict: join('strict').model,
    options: config === undefined ? unguarded : questionOptions(config),
    trustDomain: options.trustDomain,
    ownerOf: createOwnerIndex(set.model.registry, config?.policies.owners ?? []),
    unread: [...set.skipped.keys()],
    ...(request.proxy && { proxy: request.proxy }),
    ...(request.progress && { progress: request.progress }),
  });
  const { summary } = set;
  if (!request.ignore) return { findings: found, ignored: 0, summary };
  const rule = ignoreRule(config?.policies ?? {}, set.model.registry);
  const { kept, ignored } = applyIgnores(found, set.ignores, rule);
  return { findings: kept.map(asLintFinding), ignored: ignored.length, summary };
}

/** What is to be said about an ignore has no witness. */
const asLintFinding = (finding: LintFinding | Finding): LintFinding => ({ witness: null, owners: [], ...finding });

/** A lint's callers are made up: no certificate of theirs can be checked. */
function questionOptions(config: Config): QuestionOptions {
  return { ...checkOptions(config), verifyPeer: 'off' };
}
