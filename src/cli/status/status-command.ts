/**
 * `gatehouse status`: one screen of a running server.
 * @module
 */
import { Command } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Exit code 0 if it is ready, 1 if it is not; degraded is ready still. */
export function statusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('show on one screen what a running server is, how it is, and what it has in force')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse status\n  gatehouse status --admin unix:/run/gatehouse/admin.sock --output json',
    )
    .action(
      action<AdminFlags & { output: OutputFormat }>(terminal, async (flags) => {
        const [client, { statusReport }, { statusText }] = await Promise.all([
          adminClient(flags),
          import('./status-report.ts'),
          import('./status-text.ts'),
        ]);
        const report = await statusReport(client);
        show(terminal, flags.output, report, (shown, look) => statusText(shown, look, Date.now()));
        return report.ready ? 0 : 1;
      }),
    );
}
