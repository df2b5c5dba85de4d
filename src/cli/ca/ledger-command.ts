/**
 * `gatehouse ca ledger`: what was issued to whom, by which authority, when.
 * @module
 */
import { Command } from 'commander';
import type { Use } from '../../admin-api/fields.ts';
import type { LedgerAnswer } from '../../admin-api/ledger.ts';
import type { Question } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import type { Look } from '../terminal/look.ts';
import { countOption } from '../terminal/number-options.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

interface Flags extends AdminFlags {
  readonly output: OutputFormat;
  readonly id?: string;
  readonly authority?: string;
  readonly serial?: string;
  readonly kind?: string;
  readonly since?: string;
  readonly until?: string;
  readonly unexpired: boolean;
  readonly limit: number;
  readonly page?: string;
}

/** Newest first, a page at a time. */
export function caLedgerCommand(terminal: Terminal): Command {
  return new Command('ledger')
    .description('show what was issued, newest first')
    .option('--id <spiffe-id>', 'only to that SPIFFE ID')
    .option('--authority <id>', 'only by that authority: its id or the beginning of it')
    .option('--serial <hex>', 'only that certificate, or the token of that jti')
    .option('--kind <use>', 'x509 or jwt')
    .option('--since <time>', 'issued at or after: 2026-01-31T12:00:00Z, or how long ago, e.g. 1h')
    .option('--until <time>', 'issued before, likewise')
    .option('--unexpired', 'only what has not expired', false)
    .addOption(countOption('--limit <number>', 'how many at most, up to 10,000', { usual: 100, most: 10_000 }))
    .option('--page <text>', 'the next page, as the one before named it')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  gatehouse ca ledger --id spiffe://cluster.local/ns/default/sa/details --since 1h',
    )
    .action(
      action<Flags>(terminal, async (flags) => {
        const client = await adminClient(flags);
        const answer = await client.ask('GET /v1/ledger', questionOf(flags));
        show(terminal, flags.output, answer, tableOf);
        return 0;
      }),
    );
}

function questionOf({
  id,
  authority,
  serial,
  kind,
  since,
  until,
  unexpired,
  limit,
  page,
}: Flags): Question<'GET /v1/ledger'> {
  return {
    ...(unexpired && { unexpired: 'true' }),
    spiffeId: id,
    authorityId: authority,
    serial: serial?.toLowerCase().replaceAll(':', ''),
    kind: kind === undefined ? undefined : useNamed(kind),
    since,
    until,
    limit,
    page,
  };
}

function useNamed(kind: string): Use {
  if (kind === 'x509' || kind === 'jwt') return kind;
  throw new GatehouseError('message_invalid', 'kind must be x509 or jwt');
}

function tableOf({ rows, next, nearest }: LedgerAnswer, look: Look): string {
  const table = textTable(
    ['ISSUED', 'KIND', 'TO', 'SERIAL', 'BY', 'EXPIRES', 'CHANNEL', 'CONSUMER'],
    rows.map((each) => [
      each.issuedAt.slice(0, 19),
      each.kind,
      each.spiffeId,
      each.serial,
      each.authorityId.slice(0, 16),
      each.notAfter.slice(0, 19),
      each.channel,
      each.consumer,
    ]),
    nearest === undefined ? 'nothing' : `nothing; did you mean ${nearest}?`,
    look,
  );
  return next === undefined ? table : `${table}more: --page ${next}\n`;
}
