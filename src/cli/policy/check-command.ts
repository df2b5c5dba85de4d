/**
 * `gatehouse policy check`: are these policy files good?
 * @module
 */
import { Command } from 'commander';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type PolicyFlags, policyConfigOption, policyOptions, rootNamespaceOption } from './policy-options.ts';

/** Exit code 0 if no file has an error, 1 if one has, 2 if a path does not exist. */
export function policyCheckCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('check policy files and directories, and tell all findings with their places')
    .argument('<path...>', 'files and directories')
    .addOption(policyConfigOption())
    .addOption(rootNamespaceOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse policy check ./policies --output json')
    .action(
      action<PolicyFlags & { output: OutputFormat }>(terminal, async (flags, names) => {
        const { checkPolicies } = await import('../../policy/sources/check-policies.ts');
        const { findings, summary } = checkPolicies(
          names.map((path) => ({ path })),
          await policyOptions(flags),
        );
        const ok = !findings.some(({ severity }) => severity === 'error');
        show(terminal, flags.output, { ok, findings, summary }, (shown) =>
          shown.findings
            .map((each) => {
              const place = `${each.file}:${each.line}:${each.column}`;
              return `${place}: ${each.severity}: ${each.path === '' ? '' : `${each.path}: `}${each.message} (${each.fix})\n`;
            })
            .concat([`${shown.summary}\n`, ...(ok ? ['no errors\n'] : [])])
            .join(''),
        );
        return ok ? 0 : 1;
      }),
    );
}
