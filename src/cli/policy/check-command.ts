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
import { nativeRows, nativeText } from './native/native-rows.ts';
import { checkOptions, type PolicyFlags, policyConfigOption, rootNamespaceOption } from './policy-options.ts';

interface CheckFlags extends PolicyFlags, FindingFlags {
  readonly native: boolean;
}

/** Exit code 0 if no file has an error, 1 if one has, 2 if a path does not exist. */
export function policyCheckCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description('check policy files and directories, and tell all findings with their places')
    .argument('[path...]', 'files and directories; - for standard input')
    .addOption(policyConfigOption())
    .addOption(rootNamespaceOption())
    .addOption(defaultNamespaceOption())
    .option(
      '--native',
      'tell besides what Envoy cannot decide by itself (serve with envoy bootstrap --native), and why',
      false,
    );
  return addFindingOptions(command)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse policy check ./policies --output json\n  kustomize build overlays/prod | gatehouse policy check -\n  gatehouse policy check ./policies --native',
    )
    .action(
      action<CheckFlags>(terminal, async (flags, names) => {
        if (flags.codes) {
          showCodes(terminal, flags.output);
          return 0;
        }
        if (names.length === 0) {
          const { GatehouseError } = await import('../../errors.ts');
          throw new GatehouseError('config_invalid', "missing required argument 'path': name files or directories");
        }
        const { checkPolicies } = await import('../../policy/sources/check-policies.ts');
        const options = { ...(await checkOptions(flags)), ignore: flags.ignore };
        const paths = givenPaths(names, flags.defaultNamespace, false);
        const { findings, summary, counts, ignored, model } = checkPolicies(paths, options);
        const native = flags.native ? { native: await nativeRows(model, options, flags) } : {};
        const ok = !findings.some(({ severity }) => severity === 'error');
        show(
          terminal,
          flags.output,
          { ok, findings: told(findings, flags), summary, counts, ignored, ...native },
          (shown) =>
            [
              ...shown.findings.map(line),
              `${withIgnored(shown.summary, ignored)}\n`,
              ...(shown.native ?? []).map(nativeText),
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
