/**
 * `gatehouse kubernetes manifests`: the objects of an installation, without Helm.
 * @module
 */
import { Command, Option } from 'commander';
import { action } from '../terminal/action.ts';
import { jsonText, type OutputFormat, outputOption } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags {
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly namespace: string;
  readonly output: OutputFormat;
}

/** Prints YAML, or with `--output json` a List; both are what `kubectl apply -f -` takes. */
export function kubernetesManifestsCommand(terminal: Terminal): Command {
  return new Command('manifests')
    .description('print the objects that install Gatehouse in a cluster, as the chart of Helm makes them')
    .addOption(
      new Option('-f, --values <file...>', 'values, as deploy/helm/gatehouse/values.yaml has them; later ones win'),
    )
    .addOption(new Option('--set <key=value...>', 'single values, over those of files, e.g. authority.replicas=3'))
    .addOption(new Option('-n, --namespace <name>', 'where it is installed').default('gatehouse-system'))
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
