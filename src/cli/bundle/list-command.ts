/**
 * `gatehouse bundle list`: our own bundle and those of other trust domains, as the running server holds them.
 * @module
 */
import { Command } from 'commander';
import type { BundleRow } from '../../admin-api/bundles.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

interface Flags extends AdminFlags {
  readonly output: OutputFormat;
}

/** Asks the running server. */
export function bundleListCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('list the bundles of our trust domain and of others: where each comes from, and whether it is fresh')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse bundle list --config /etc/gatehouse/gatehouse.yaml')
    .action(
      action<Flags>(terminal, async (flags) => {
        const client = await adminClient(flags);
        const answer = await client.ask('GET /v1/bundles');
        show(terminal, flags.output, answer, ({ bundles }, look) =>
          textTable(
            ['TRUST DOMAIN', 'FROM', 'SEQUENCE', 'X509', 'JWT', 'ENTRIES', 'FETCHED', 'NOTE'],
            bundles.map((each) => [
              each.trustDomain,
              each.from,
              each.sequence ?? '',
              `${each.x509Authorities}`,
              `${each.jwtAuthorities}`,
              each.from === 'own' ? '' : `${each.entries}`,
              each.endpoint?.fetchedAt ?? '',
              noteOf(each),
            ]),
            'no bundle',
            look,
          ),
        );
        return 0;
      }),
    );
}

function noteOf({ endpoint, isInForce, from, x509Authorities, jwtAuthorities }: BundleRow): string {
  const notes = [
    ...(x509Authorities + jwtAuthorities > 0 || from === 'none' ? [] : ['no authority: it trusts nobody']),
    ...(isInForce || from === 'none' ? [] : ['not in force: the configuration does not name it']),
    ...(endpoint?.keptOut ? [`sequence ${endpoint.keptOut} is kept out`] : []),
    ...(endpoint?.isStale && from !== 'none' ? ['stale'] : []),
    ...(endpoint?.failure && !endpoint.keptOut ? [endpoint.failure] : []),
  ];
  return notes.join('; ');
}
