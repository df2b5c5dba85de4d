/**
 * `gatehouse policy check`: are these policy files good?
 * @module
 */
import { Command } from 'commander';
import type { Finding } from '../../policy/documents/finding.ts';
import { action } from '../terminal/action.ts';
import { outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addFindingOptions, type FindingFlags, showCodes, told, withIgnored } from './finding-options.ts';
import { checkOptions, type PolicyFlags, policyConfigOption, rootNamespaceOption } from './policy-options.ts';

/** Exit code 0 if no file has an error, 1 if one has, 2 if a path does not exist. */
export function policyCheckCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description('check policy files and directories, and tell all findings with their places')
    .argument('[path...]', 'files and directories')
    .addOption(policyConfigOption())
    .addOption(rootNamespaceOption());
  return addFindingOptions(command)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse policy check ./policies --output json')
    .action(
      action<PolicyFlags & FindingFlags>(terminal, async (flags, names) => {
        if (flags.codes) {
          showCodes(terminal, flags.output);
          return 0;
        }
        if (names.length === 0) {
          const { GatehouseError } = await import('../../errors.ts');
          throw new GatehouseError('config_invalid', "missing required argument 'path': name files or directories");
        }
        const { checkPolicies } = await import('../../policy/sources/check-policies.ts');
        const { findings, summary, ignored } = checkPolicies(
          names.map((path) => ({ path })),
          { ...(await checkOptions(flags)), ignore: flags.ignore },
        );
        const ok = !findings.some(({ severity }) => severity === 'error');
        show(terminal, flags.output, { ok, findings: told(findings, flags), summary, ignored }, (shown) =>
          [
            ...shown.findings.map(line),
            `${withIgnored(shown.summary, ignored)}\n`,
            ...(ok ? ['no errors\n'] : []),
          ].join(''),
        );
        return ok ? 0 : 1;
      }),
    );
}

function line({ file, line, column, severity, code, path, message, fix }: Finding): string {
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${severity}: ${where}${message} (${fix}) [${code}]\n`;
}
