/**
 * `gatehouse kubernetes chart`: Helm's chart of this version.
 * @module
 */
import { Command, Option } from 'commander';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags {
  readonly write: string;
  readonly output: OutputFormat;
}

/** Writes its files; others in that directory stay. */
export function kubernetesChartCommand(terminal: Terminal): Command {
  return new Command('chart')
    .description("write Helm's chart of this version")
    .addOption(new Option('--write <directory>', 'where to').makeOptionMandatory())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse kubernetes chart --write ./gatehouse')
    .action(
      action<Flags>(terminal, async ({ write, output }) => {
        const [{ writeChart }, { programVersion }] = await Promise.all([
          import('./chart/chart.ts'),
          import('../../lib/version.ts'),
        ]);
        const files = writeChart(write, programVersion());
        show(
          terminal,
          output,
          { directory: write, files },
          (shown) => `${shown.files.length} files in ${shown.directory}\n`,
        );
        return 0;
      }),
    );
}
