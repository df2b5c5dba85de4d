/**
 * `gatehouse restore FILE`: a backup into the store of the configuration, while no Gatehouse uses it.
 * @module
 */
import { Command } from 'commander';
import { GatehouseError } from '../errors.ts';
import { action } from './action.ts';
import { type ConfigFlag, configOption } from './config-option.ts';
import { type OutputFormat, outputOption, show } from './output.ts';
import type { Terminal } from './terminal.ts';

/** Exit code 0 restored, 1 refused: nothing was changed. */
export function restoreCommand(terminal: Terminal): Command {
  return new Command('restore')
    .description('bring a backup into the store of the configuration; the server must not run')
    .argument('<file>', 'what gatehouse backup wrote')
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Nothing goes back: sequences go on above whatever was published since the backup, issuances and revocations are added to those
that are there, and an authority that only the store knows stays trusted.

Example:
  gatehouse restore /backup/gatehouse.ghbk --config /etc/gatehouse/gatehouse.yaml`,
    )
    .action(
      action<ConfigFlag & { output: OutputFormat }>(terminal, async (flags, [file = '']) => {
        const { restoreOffline } = await import('../server/restore-offline.ts');
        try {
          const { trustDomain } = await restoreOffline(flags.config, file);
          show(
            terminal,
            flags.output,
            { done: true, trustDomain },
            (shown) => `restored ${shown.trustDomain}; start the server now\n`,
          );
          return 0;
        } catch (thrown) {
          if (!(thrown instanceof GatehouseError) || !['store_locked', 'store_unusable'].includes(thrown.code))
            throw thrown;
          const { code, message, details } = thrown;
          show(
            terminal,
            flags.output,
            { done: false, code, message, details },
            (shown) => `not restored: ${shown.message}\n`,
          );
          return 1;
        }
      }),
    );
}
