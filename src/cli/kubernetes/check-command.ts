/**
 * `gatehouse kubernetes check`: what a cluster lacks for an installation, before and after it.
 * @module
 */
import { Command, Option } from 'commander';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { installationOptions } from './installation-options.ts';

interface Flags {
  readonly kubeconfig?: string;
  readonly pre?: true;
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly namespace: string;
  readonly output: OutputFormat;
}

/** Exit code 0 if nothing is wrong (warnings may be), 1 if something is, 2 if the cluster cannot be asked. */
export function kubernetesCheckCommand(terminal: Terminal): Command {
  const command = new Command('check')
    .description('check what a cluster lacks for Gatehouse: versions, kinds, permissions, objects, clock')
    .addOption(new Option('--pre', 'before it is installed: whether it can be'))
    .addOption(
      new Option(
        '--kubeconfig <file>',
        'how the cluster is asked; else $KUBECONFIG, ~/.kube/config, or as the pod that we are',
      ),
    );
  return installationOptions(command)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse kubernetes check --pre\n  gatehouse kubernetes check --namespace identity --set authority.keyEncryptionKey.name=kek',
    )
    .action(
      action<Flags>(terminal, async (flags) => {
        const [{ checkCluster }, { checkText }] = await Promise.all([
          import('./check/examine.ts'),
          import('../check/check-text.ts'),
        ]);
        const { kubeconfig, pre = false, values = [], set = [], namespace, output } = flags;
        const report = await checkCluster({ kubeconfig, isBefore: pre, values, sets: set, namespace });
        show(terminal, output, report, checkText);
        return report.ok ? 0 : 1;
      }),
    );
}
