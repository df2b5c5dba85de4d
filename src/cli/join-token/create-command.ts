/**
 * `gatehouse join-token create`: lets one decider elsewhere join this authority.
 * @module
 */
import { Command } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { durationOption } from '../terminal/number-options.ts';
import { jsonText, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { reserveFile } from './reserved-file.ts';

interface Flags extends AdminFlags {
  readonly output: OutputFormat;
  readonly ttl: number;
  readonly reason: string;
  readonly decider?: string;
  readonly write?: string;
}

/** Asks the running server. The file that `--write` makes is readable by its owner alone, and is a secret until it is used. */
export function joinTokenCreateCommand(terminal: Terminal): Command {
  return new Command('create')
    .description('make a token that lets one decider elsewhere join, once; with the authorities that it may believe')
    .option(
      '--write <file>',
      'write it for feed.joinFile of the decider, mode 0600; no token is made where the file cannot be',
    )
    .addOption(durationOption('--ttl <duration>', 'how long it can be used', { usual: '10m', least: '1s', most: '7d' }))
    .option('--decider <name>', 'the only decider that may use it, by its name in /v1/status there')
    .option('--reason <text>', 'what it is for; kept in the audit', '')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse join-token create --write join.json --reason "node 7"')
    .action(
      action<Flags>(terminal, async (flags) => {
        const body = { ttlSeconds: Math.floor(flags.ttl / 1000), reason: flags.reason, decider: flags.decider };
        const client = await adminClient(flags);
        const { write } = flags;
        await using file = write === undefined ? undefined : await reserveFile(write); // before there is a token to lose
        const made = await client.ask('POST /v1/join-tokens', body);
        if (file === undefined) show(terminal, flags.output, made, () => jsonText(made, 2));
        else {
          await file.fill(`${JSON.stringify(made, null, 2)}\n`);
          const { trustDomain, expiresAt } = made;
          show(
            terminal,
            flags.output,
            { file: write, trustDomain, expiresAt },
            (shown) => `${shown.file} holds until ${shown.expiresAt}\n`,
          );
        }
        return 0;
      }),
    );
}
