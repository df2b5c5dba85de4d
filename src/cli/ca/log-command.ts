/**
 * `gatehouse ca log`: what operators and the schedule did, and why.
 * @module
 */
import { Command } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { countOption } from '../terminal/number-options.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

/** Newest first. */
export function caLogCommand(terminal: Terminal): Command {
  return new Command('log')
    .description('show every verb that was given, by whom, why, and what came of it; newest first')
    .addOption(countOption('--limit <number>', 'how many at most, up to 10,000', { usual: 100, most: 10_000 }))
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse ca log --limit 20')
    .action(
      action<AdminFlags & { output: OutputFormat; limit: number }>(terminal, async (flags) => {
        const client = await adminClient(flags);
        const answer = await client.ask('GET /v1/audit', { limit: flags.limit });
        show(terminal, flags.output, answer, ({ rows }, look) =>
          textTable(
            ['AT', 'WHO', 'ROLE', 'VERB', 'USE', 'AUTHORITY', 'RESULT', 'REASON'],
            rows.map(({ at, who, role, verb, use, authorityId, result, reason }) => [
              at.slice(0, 19),
              who,
              role,
              verb,
              use,
              authorityId.slice(0, 16),
              result,
              reason,
            ]),
            'nothing yet',
            look,
          ),
        );
        return 0;
      }),
    );
}
