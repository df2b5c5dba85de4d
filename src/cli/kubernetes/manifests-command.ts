/**
 * `gatehouse kubernetes manifests`: the objects of an installation, without Helm.
 * @module
 */
import { Command } from 'commander';
import { action } from '../terminal/action.ts';
import { jsonText, type OutputFormat, outputOption } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { installationOptions } from './installation-options.ts';

interface Flags {
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly namespace: string;
  readonly output: OutputFormat;
}

/** Prints YAML, or with `--output json` a List; both are what `kubectl apply -f -` takes. */
export function kubernetesManifestsCommand(terminal: Terminal): Command {
  const command = new Command('manifests').description(
    'print the objects that install Gatehouse in a cluster, as the chart of Helm makes them',
  );
  return installationOptions(command)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse kubernetes manifests | kubectl apply -f -\n  gatehouse kubernetes manifests --namespace identity --set trustDomain=example.org,istioCa.enabled=false > gatehouse.yaml',
    )
    .action(
      action<Flags>(terminal, async ({ values = [], set = [], namespace, output }) => {
        const { installation } = await import('./chart/installation.ts');
        const { list, yaml } = installation(values, set, namespace);
        terminal.out(output === 'json' ? jsonText(list(), 2) : yaml());
        return 0;
      }),
    );
}
