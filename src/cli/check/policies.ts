/**
 * The policies that a start would put in force.
 * @module
 */
import type { Config } from '../../config/config.ts';
import type { Finding } from '../../policy/documents/finding.ts';
import { joinForLook, lookAtPaths } from '../../policy/sources/load-paths.ts';
import { missingFinding } from '../../policy/sources/source-findings.ts';
import { sourceOptions } from '../../server/policy/policy-sources.ts';
import { bad, good, type Outcome, warning } from './outcome.ts';

/** Reads them from the files, and puts nothing in force: whatever keeps a start from them is an error, every one. */
export function checkPolicyFiles(config: Config): readonly Outcome[] {
  const options = sourceOptions(config);
  const { files, missing } = lookAtPaths(options.paths, options);
  const { findings, model, summary } = joinForLook(files, {
    absence: options.absence,
    rootNamespace: options.rootNamespace,
    ...(options.planes && { planes: options.planes }),
    ...(options.endpoints && { endpoints: options.endpoints }),
  });
  const broken = findings.filter(({ severity }) => severity === 'error').map(outcomeOf);
  const away = missing.map((each) => {
    const outcome = outcomeOf(missingFinding(each));
    return each.isConfined ? ({ ...outcome, result: 'warning' } as const) : outcome;
  });
  const policies = policyCount(model.planes);
  const isExplained = policies === 0 && away.length + broken.length > 0; // that there is none says nothing more
  return [...(isExplained ? [] : emptiness(policies, config, summary)), ...away, ...broken];
}

const outcomeOf = ({ file, line, column, code, message, fix }: Finding): Outcome => ({
  ...bad(code, message, fix),
  at: { file, line, column },
});

/** Nothing is denied more than with no policies at all, unless that was wanted. */
export function emptiness(
  policies: number,
  { policies: { allowEmpty, paths } }: Pick<Config, 'policies'>,
  summary: string,
): readonly Outcome[] {
  if (policies > 0) return [good('policies', summary)];
  const where = paths.map(({ path }) => path).join(', ');
  return [
    allowEmpty
      ? warning(
          'policies-none',
          `there is no policy, and everything is allowed (policies.allowEmpty): ${summary}`,
          `write policies to ${where}`,
        )
      : bad(
          'policies-none',
          `there is no policy, so every Check is denied (no_policies): ${summary}`,
          `write policies to ${where}, or correct policies.paths`,
        ),
  ];
}

/** How many there are in all stages of all planes. */
export function policyCount(
  planes: readonly { readonly stages: readonly { readonly policies: readonly unknown[] }[] }[],
): number {
  return planes.reduce((all, { stages }) => stages.reduce((sum, { policies }) => sum + policies.length, all), 0);
}
