/**
 * `gatehouse entry explain`: why has this process the identities that it has, or none?
 * @module
 */
import { Command } from 'commander';
import type { EntryAnswer } from '../../admin-api/entries.ts';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { countOption } from '../terminal/number-options.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

type Flags = AdminFlags & { readonly output: OutputFormat; readonly pid?: number; readonly socket?: string };

/** Exit code 0 if the caller would get an identity, 1 if none. */
export function entryExplainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('show which entries a process matches, and what it lacks for the nearest others')
    .addOption(countOption('--pid <number>', 'a process on this machine'))
    .option('--socket <path>', "a workload's own socket")
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse entry explain --pid $(pgrep -n envoy)')
    .action(
      action<Flags>(terminal, async (flags) => {
        const { pid, socket } = flags;
        if ((pid === undefined) === (socket === undefined)) {
          throw new GatehouseError('config_invalid', 'give either --pid or --socket');
        }
        const client = await adminClient(flags);
        const found = await client.ask('GET /v1/entries/explain', { pid, socket });
        show(terminal, flags.output, found, textOf);
        return found.entitled.length > 0 ? 0 : 1;
      }),
    );
}

function textOf({ selectors, entitled, revoked, nearest }: EntryAnswer): string {
  const lines = [`selectors: ${selectors.join(' ') || 'none'}`];
  if (entitled.length === 0) lines.push('entitled to: nothing');
  for (const spiffeId of entitled) lines.push(`entitled to: ${spiffeId}`);
  for (const spiffeId of revoked)
    lines.push(`revoked: ${spiffeId}: nothing is issued to it (gatehouse svid revocations)`);
  for (const { spiffeId, origin, lacked } of nearest) {
    lines.push(
      `near: ${spiffeId} (${origin}) ${lacked.length > 0 ? `lacks ${lacked.join(' ')}` : 'another entry took precedence'}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
