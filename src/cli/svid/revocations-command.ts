/**
 * `gatehouse svid revocations`: what is revoked.
 * @module
 */
import { Command } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

/** Newest first; with `--crl` the lists themselves. */
export function svidRevocationsCommand(terminal: Terminal): Command {
  return new Command('revocations')
    .description('list what is revoked and has not expired, or print the CRLs')
    .option('--crl', 'print the CRLs as PEM instead', false)
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse svid revocations --crl > crl.pem')
    .action(
      action<AdminFlags & { output: OutputFormat; crl: boolean }>(terminal, async (flags) => {
        const client = await adminClient(flags);
        if (flags.crl) {
          const answer = await client.ask('GET /v1/crl');
          show(terminal, flags.output, answer, () => answer.crls.join(''));
          return 0;
        }
        const answer = await client.ask('GET /v1/revocations');
        show(terminal, flags.output, answer, ({ rows }, look) =>
          textTable(
            ['KIND', 'VALUE', 'REVOKED', 'KEPT UNTIL', 'REASON'],
            rows.map((each) => [each.kind, each.value, each.revokedAt, each.keptUntil, each.reason]),
            'nothing is revoked',
            look,
          ),
        );
        return 0;
      }),
    );
}
