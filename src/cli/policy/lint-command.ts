/**
 * `gatehouse policy lint`: what is wrong between policies?
 * @module
 */
import { relative } from 'node:path';
import { Command, Option } from 'commander';
import type { LintFinding, Witness } from '../../analysis/lint/scene/lint-finding.ts';
import type { CallerName } from '../../authz/http/dialect.ts';
import type { LintProgress } from '../../server/policy/lint-offline.ts';
import { configIfAny, PLACES_TEXT } from '../config/config-option.ts';
import { proxies } from '../proxy/versions.ts';
import { action } from '../terminal/action.ts';
import { outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addFindingOptions, type FindingFlags, showCodes, told, withIgnored } from './finding-options.ts';
import { defaultNamespaceOption, givenPaths } from './given-paths.ts';
import { type PolicyFlags, policyConfigOption, rootNamespaceOption } from './policy-options.ts';

/** Exit code 0 if nothing is told but hints, 1 if there are findings, 2 if nothing could be said. */
export function policyLintCommand(terminal: Terminal): Command {
  const command = new Command('lint')
    .description(
      'find where Calico, Kubernetes and Istio policies contradict, miss or open each other, each with a request that shows it',
    )
    .argument(
      '[path...]',
      'files and directories with policies, pods, namespaces, service accounts; - for standard input',
    )
    .addOption(policyConfigOption())
    .addOption(rootNamespaceOption())
    .addOption(defaultNamespaceOption())
    .addOption(
      new Option(
        '--caller <proxy>',
        'tell also what this proxy, which asks by HTTP, does not say of a request',
      ).choices(proxies),
    );
  return addFindingOptions(command)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse policy lint ./policies ./registry --output json')
    .action(
      action<PolicyFlags & FindingFlags & { readonly caller?: CallerName }>(terminal, async (flags, paths) => {
        if (flags.codes) {
          showCodes(terminal, flags.output);
          return 0;
        }
        const { lintOffline } = await import('../../server/policy/lint-offline.ts');
        const configFile = paths.length === 0 ? configIfAny(flags.config) : flags.config;
        if (paths.length === 0 && configFile === undefined) {
          const { GatehouseError } = await import('../../errors.ts');
          throw new GatehouseError(
            'config_invalid',
            `nothing to lint: name files, or a configuration (--config, ${PLACES_TEXT})`,
          );
        }
        const given = givenPaths(paths, flags.defaultNamespace);
        const request = {
          paths: given,
          configFile,
          rootNamespace: flags.rootNamespace,
          ignore: flags.ignore,
          proxy: flags.caller,
        };
        const progress = terminal.progress && shownProgress(terminal.progress);
        const { findings: all, ignored, summary } = lintOffline({ ...request, ...(progress && { progress }) });
        terminal.progress?.('');
        const findings = told(all, flags);
        const ok = findings.every(({ severity }) => severity === 'hint');
        show(terminal, flags.output, { ok, findings, summary, ignored }, (shown) =>
          lintText(shown.findings, withIgnored(shown.summary, ignored)),
        );
        return ok ? 0 : 1;
      }),
    );
}

const PROGRESS_MS = 200;

/** Says from time to time what is asked about. */
function shownProgress(show: (line: string) => void): LintProgress {
  let shownAtMs = 0;
  return (code, done, of) => {
    const nowMs = performance.now();
    if (nowMs - shownAtMs < PROGRESS_MS) return;
    shownAtMs = nowMs;
    show(`${code}: rule ${done + 1} of ${of}`);
  };
}

function lintText(findings: readonly LintFinding[], summary: string): string {
  if (findings.length === 0) return `${summary}\nnothing found\n`;
  const shown = findings.map(({ file, line, column, severity, code, message, fix, witness, owners }) =>
    [
      `${relative('.', file)}:${line}:${column}: ${severity}: ${code}`,
      `  ${message}`,
      ...(witness === null ? [] : [`  witness: ${witnessText(witness)}`]),
      `  fix: ${fix}`,
      ...(owners.length === 0 ? [] : [`  owners: ${owners.join(', ')}`]),
    ].join('\n'),
  );
  return `${shown.join('\n\n')}\n\n${summary}\n`;
}

function witnessText({ request, assuming, planes }: Witness): string {
  const { source, destination, http } = request;
  const who = source?.principal || source?.address;
  const what = http === undefined ? 'TCP' : `${http.method} ${http.path}`;
  const said = planes.map(({ plane, decision, policy, rule, reason }) =>
    policy === null ? `${plane} ${decision} (${reason})` : `${plane} ${decision} (${policy} rule ${rule})`,
  );
  const given = assuming === '' ? '' : `given ${assuming}: `;
  return `${given}${who} -> ${destination?.principal} port ${destination?.port} ${what}: ${said.join(', ')}`;
}
