/**
 * `gatehouse policy check`: are these policy files good?
 * @module
 */
import { Command } from 'commander';
import type { Finding } from '../../policy/documents/finding.ts';
import type { CheckCounts } from '../../policy/sources/check-policies.ts';
import { action } from '../terminal/action.ts';
import { outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addFindingOptions, type FindingFlags, showCodes, told, withIgnored } from './finding-options.ts';
import { defaultNamespaceOption, givenPaths } from './given-paths.ts';
import { checkOptions, type PolicyFlags, policyConfigOption, rootNamespaceOption } from './policy-options.ts';

/** Exit code 0 if no file has an error, 1 if one has, 2 if a path does not exist. */
export function policyCheckCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description('check policy files and directories, and tell all findings with their places')
    .argument('[path...]', 'files and directories; - for standard input')
    .addOption(policyConfigOption())
    .addOption(rootNamespaceOption())
    .addOption(defaultNamespaceOption());
  return addFindingOptions(command)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse policy check ./policies --output json\n  kustomize build overlays/prod | gatehouse policy check -',
    )
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
        const { findings, summary, counts, ignored } = checkPolicies(givenPaths(names, flags.defaultNamespace, false), {
          ...(await checkOptions(flags)),
          ignore: flags.ignore,
        });
        const ok = !findings.some(({ severity }) => severity === 'error');
        show(terminal, flags.output, { ok, findings: told(findings, flags), summary, counts, ignored }, (shown) =>
          [
            ...shown.findings.map(line),
            `${withIgnored(shown.summary, ignored)}\n`,
            ...(ok ? ['no errors\n'] : []),
            `${endOf(shown.counts)}\n`,
          ].join(''),
        );
        return ok ? 0 : 1;
      }),
    );
}

const endOf = ({ policies, files, skipped }: CheckCounts): string =>
  `${policies} ${policies === 1 ? 'policy' : 'policies'} in ${files} ${files === 1 ? 'file' : 'files'}, ${skipped} skipped`;

function line({ file, line, column, severity, code, path, message, fix }: Finding): string {
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${severity}: ${where}${message} (${fix}) [${code}]\n`;
}
