/**
 * `gatehouse policy lint`: what is wrong between policies?
 * @module
 */
import { relative } from 'node:path';
import { Command, Option } from 'commander';
import type { LintFinding, Witness } from '../../analysis/lint/lint-finding.ts';
import { configIfAny, PLACES_TEXT } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type PolicyFlags, policyConfigOption, rootNamespaceOption } from './policy-options.ts';

interface Flags extends PolicyFlags {
  readonly severity: 'error' | 'warning';
  readonly output: OutputFormat;
}

/** Exit code 0 if there is nothing to say, 1 if there are findings, 2 if nothing could be said. */
export function policyLintCommand(terminal: Terminal): Command {
  return new Command('lint')
    .description(
      'find where Calico, Kubernetes and Istio policies contradict, miss or open each other, each with a request that shows it',
    )
    .argument('[path...]', 'files and directories with policies, pods, namespaces, service accounts')
    .addOption(policyConfigOption())
    .addOption(rootNamespaceOption())
    .addOption(
      new Option('--severity <least>', 'error: tell errors only').choices(['error', 'warning']).default('warning'),
    )
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse policy lint ./policies ./registry --output json')
    .action(
      action<Flags>(terminal, async (flags, paths) => {
        const { lintOffline } = await import('../../server/policy/lint-offline.ts');
        const configFile = paths.length === 0 ? configIfAny(flags.config) : flags.config;
        if (paths.length === 0 && configFile === undefined) {
          const { GatehouseError } = await import('../../errors.ts');
          throw new GatehouseError(
            'config_invalid',
            `nothing to lint: name files, or a configuration (--config, ${PLACES_TEXT})`,
          );
        }
        const request = { paths, configFile, rootNamespace: flags.rootNamespace };
        const { findings: all, summary } = lintOffline(request);
        const findings = all.filter(({ severity }) => severity === 'error' || flags.severity === 'warning');
        show(terminal, flags.output, { ok: findings.length === 0, findings, summary }, (shown) =>
          lintText(shown.findings, shown.summary),
        );
        return findings.length === 0 ? 0 : 1;
      }),
    );
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
