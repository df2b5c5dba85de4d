/**
 * `gatehouse ca status`: which authorities there are, and who has not yet heard of them.
 * @module
 */
import { Command } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show, textTable } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface AuthorityRow {
  readonly id: string;
  readonly slot: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly unexpiredSvids: number;
  readonly unacknowledgedCount: number;
  readonly unacknowledgedNotByWaiting: number;
}

interface CaStatus {
  readonly trustDomain: string;
  readonly x509Authorities: readonly AuthorityRow[];
  readonly jwtAuthorities: readonly AuthorityRow[];
}

/** Asks the running server. */
export function caStatusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('show the X.509 and JWT authorities of the running server, slot by slot')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse ca status --admin unix:/run/gatehouse/admin.sock --output json')
    .action(
      action<AdminFlags & { output: OutputFormat }>(terminal, async (flags) => {
        const status = (await (await adminClient(flags)).get('/v1/authorities')) as CaStatus; // the API's own shape
        show(terminal, flags.output, status, tableOf);
        return 0;
      }),
    );
}

function tableOf({ trustDomain, x509Authorities, jwtAuthorities }: CaStatus): string {
  const rows = (use: string, list: readonly AuthorityRow[]): string[][] =>
    list.map((each) => [
      use,
      each.slot,
      each.id.slice(0, 16),
      each.notAfter,
      String(each.unexpiredSvids),
      String(each.unacknowledgedCount),
      String(each.unacknowledgedNotByWaiting),
    ]);
  const table = textTable(
    ['USE', 'SLOT', 'AUTHORITY', 'EXPIRES', 'SVIDS OUT', 'NOT ACKNOWLEDGED', 'NOT BY WAITING'],
    [...rows('x509', x509Authorities), ...rows('jwt', jwtAuthorities)],
    'no authority',
  );
  return `trust domain ${trustDomain}\n${table}`;
}
