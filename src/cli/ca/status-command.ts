/**
 * `gatehouse ca status`: which authorities there are, and who has not yet heard of them.
 * @module
 */
import { Command } from 'commander';
import type { AuthoritiesAnswer, AuthorityRow } from '../../admin-api/authorities.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import type { Look } from '../terminal/look.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

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
        const client = await adminClient(flags);
        const status = await client.ask('GET /v1/authorities');
        show(terminal, flags.output, status, tableOf);
        return 0;
      }),
    );
}

function tableOf({ trustDomain, x509Authorities, jwtAuthorities }: AuthoritiesAnswer, look: Look): string {
  const rows = (use: string, list: readonly AuthorityRow[]): string[][] =>
    list.map((each) => [
      use,
      each.slot,
      each.id.slice(0, 16),
      each.notAfter,
      each.keyPlace,
      String(each.unexpiredSvids),
      String(each.unacknowledgedCount),
      String(each.unacknowledgedNotByWaiting),
    ]);
  const table = textTable(
    ['USE', 'SLOT', 'AUTHORITY', 'EXPIRES', 'KEY', 'SVIDS OUT', 'NOT ACKNOWLEDGED', 'NOT BY WAITING'],
    [...rows('x509', x509Authorities), ...rows('jwt', jwtAuthorities)],
    'no authority',
    look,
  );
  const mounted = x509Authorities
    .filter((each) => each.podCertificatesUntil !== null)
    .map(({ id, podCertificatesUntil }) => `${id.slice(0, 16)} in pods until ${podCertificatesUntil}`);
  const pods = mounted.length === 0 ? '' : `certificates that only the kubelet replaces: ${mounted.join(', ')}\n`;
  return `trust domain ${trustDomain}\n${table}${pods}`;
}
