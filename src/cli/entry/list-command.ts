/**
 * `gatehouse entry list`: who may be what.
 * @module
 */
import { Command } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

/** Asks the running server; entries whose ID names no service account are marked. */
export function entryListCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('list the registration entries that are in force')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse entry list --config /etc/gatehouse/gatehouse.yaml')
    .action(
      action<AdminFlags & { output: OutputFormat }>(terminal, async (flags) => {
        const client = await adminClient(flags);
        const list = await client.ask('GET /v1/entries');
        show(terminal, flags.output, list, ({ entries }, look) =>
          textTable(
            ['SPIFFE ID', 'SELECTORS', 'TTL', 'WRITTEN AT', 'NOTE'],
            entries.map((each) => [
              each.spiffeId,
              each.selectors.join(' '),
              each.x509SvidTtl,
              each.origin,
              [
                ...(each.federatesWith?.length ? [`federates with ${each.federatesWith.join(' ')}`] : []),
                ...(each.isServiceAccount ? [] : ['no service account']),
                ...(each.isRevoked ? ['revoked'] : []),
              ].join(', '),
            ]),
            'no entries',
            look,
          ),
        );
        return 0;
      }),
    );
}
