/**
 * `gatehouse config check`: is this configuration good?
 * @module
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { oneLine } from '../../lib/printable.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { namedConfig, plainConfigOption } from './named-config.ts';

/** Exit code 0 if the file is good, 1 if it is not, 2 if it cannot be read. */
export function configCheckCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('check a configuration file, and tell all its problems with their places')
    .argument('[file]', 'the file, in place of --config')
    .addOption(plainConfigOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse config check /etc/gatehouse/gatehouse.yaml')
    .action(
      action<{ readonly config?: string; readonly output: OutputFormat }>(terminal, async (flags, [operand]) => {
        const { output } = flags;
        const config = namedConfig(operand, flags.config);
        const [{ readConfigFile }, { textOfFinding }] = await Promise.all([
          import('../../config/read-config.ts'),
          import('../../config/finding.ts'),
        ]);
        const reading = readConfigFile(config);
        const findings = reading.ok ? [] : reading.findings;
        show(terminal, output, { ok: reading.ok, file: resolve(config), findings }, (shown) =>
          shown.ok ? `${oneLine(config)} is good\n` : shown.findings.map((each) => `${textOfFinding(each)}\n`).join(''),
        );
        return reading.ok ? 0 : 1;
      }),
    );
}
