/**
 * `gatehouse config check`: is this configuration good?
 * @module
 */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { oneLine } from '../../lib/printable.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { namedConfig, plainConfigOption } from './named-config.ts';

interface Flags {
  readonly config?: string;
  readonly alone?: true;
  readonly output: OutputFormat;
}

/** Exit code 0 if a server would start with it (warnings may be), 1 if it would not, 2 if the file cannot be read. */
export function configCheckCommand(terminal: Terminal): Command {
  return new Command('check')
    .description(
      'check a configuration file and what it leads to: policies, registry, entries, keys; tell all problems with their places',
    )
    .argument('[file]', 'the file, in place of --config')
    .addOption(new Option('--alone', 'look at the file alone, as on a machine that is not the server'))
    .addOption(plainConfigOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse config check /etc/gatehouse/gatehouse.yaml')
    .action(
      action<Flags>(terminal, async (flags, [operand]) => {
        const { output } = flags;
        const config = namedConfig(operand, flags.config);
        const [{ examineConfig }, { textOfFinding }] = await Promise.all([
          import('./examine-config.ts'),
          import('../../config/finding.ts'),
        ]);
        const findings = await examineConfig(config, flags.alone === true);
        const ok = findings.every(({ severity }) => severity !== 'error');
        show(terminal, output, { ok, file: resolve(config), findings }, (shown) => {
          const lines = shown.findings.map((each) => `${oneLine(textOfFinding(each))}\n`).join('');
          return shown.ok ? `${lines}${oneLine(config)} is good\n` : lines;
        });
        return ok ? 0 : 1;
      }),
    );
}
