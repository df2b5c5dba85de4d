/**
 * `gatehouse ca begin`: begins anew where the store is lost for good.
 * @module
 */
import { Command } from 'commander';
import { type ConfigFlag, configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import { showRefusal } from '../terminal/refusal.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends ConfigFlag {
  readonly output: OutputFormat;
  readonly reason: string;
}

/** Exit code 0 begun, 1 refused: nothing was changed. */
export function caBeginCommand(terminal: Terminal): Command {
  return new Command('begin')
    .description('begin anew where the store is lost for good; the server must not run')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Keys that no store knows any more are moved aside, never deleted, and the next start makes new authorities. Whoever trusts the old
one refuses everybody until it has the new bundle: look for the store first, then for a backup (gatehouse restore).

Example:
  gatehouse ca begin --reason "disk lost, no backup" --config /etc/gatehouse/gatehouse.yaml`,
    )
    .action(
      action<Flags>(terminal, async ({ config, reason, output }) => {
        const { beginOffline } = await import('../../server/authority/begin-offline.ts');
        try {
          const { trustDomain, known, setAside } = await beginOffline(config, reason);
          show(terminal, output, { done: true, trustDomain, known, setAside }, (shown) =>
            [
              `${shown.trustDomain} begins anew`,
              ...shown.known.map((each) => `left behind: ${each}`),
              ...shown.setAside.map((each) => `moved aside: ${each}`),
              'start the server now, and bring its new bundle to everybody who trusts the old one',
              '',
            ].join('\n'),
          );
          return 0;
        } catch (thrown) {
          return showRefusal(terminal, output, thrown, { refusals: ['store_locked', 'slot_state'], what: 'not begun' });
        }
      }),
    );
}
