/**
 * The policies that a start would put in force.
 * @module
 */
import type { Config } from '../../config/config.ts';
import { joinForLook, readPaths } from '../../policy/sources/load-paths.ts';
import { sourceOptions } from '../../server/policy/policy-sources.ts';
import { bad, good, type Outcome, warning } from './outcome.ts';

/** More findings than these are told by their number. */
const MOST_SHOWN = 5;

/** Reads them from the files, and puts nothing in force. @throws GatehouseError `not_found` naming a path that is not there */
export function checkPolicyFiles(config: Config): readonly Outcome[] {
  const options = sourceOptions(config);
  const { findings, model, summary } = joinForLook(readPaths(options.paths, options), {
    absence: options.absence,
    rootNamespace: options.rootNamespace,
    ...(options.planes && { planes: options.planes }),
    ...(options.endpoints && { endpoints: options.endpoints }),
  });
  const errors = findings.filter(({ severity }) => severity === 'error');
  const policies = policyCount(model.planes);
  return [
    ...emptiness(policies, config, summary),
    ...errors
      .slice(0, MOST_SHOWN)
      .map(({ file, line, message, fix }) => bad('policy-broken', `${file}:${line}: ${message}`, fix)),
    ...(errors.length > MOST_SHOWN
      ? [bad('policy-broken', `and ${errors.length - MOST_SHOWN} errors more`, 'gatehouse policy check names them all')]
      : []),
  ];
}

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
