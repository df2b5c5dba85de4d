/**
 * `gatehouse bundle set`: the bundle of another trust domain, by hand.
 * @module
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import { showRefusal } from '../terminal/refusal.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { givenTrustDomain } from './given-trust-domain.ts';

interface Flags extends AdminFlags {
  readonly output: OutputFormat;
  readonly format?: 'spiffe' | 'pem';
  readonly acceptLower: boolean;
  readonly reason: string;
}

/** Exit code 0 set, 1 refused: its sequence is lower. */
export function bundleSetCommand(terminal: Terminal): Command {
  return new Command('set')
    .description(
      'give the bundle of another trust domain by hand: the first one for https_spiffe, or one without an endpoint',
    )
    .argument('<trust-domain>', 'whose bundle it is')
    .argument('[file]', 'a JWK Set of SPIFFE or certificates in PEM; -: standard input. Not with what is kept out')
    .addOption(new Option('--format <format>', 'spiffe or pem; absent: as the file begins').choices(['spiffe', 'pem']))
    .option(
      '--accept-lower',
      'take a lower sequence than is held; without a file, that which its endpoint answers',
      false,
    )
    .option('--reason <text>', 'why; kept in the audit', '')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  gatehouse bundle set other.example bundle.json --reason "from their operators, fingerprint compared by phone"
  gatehouse bundle set other.example --accept-lower --reason "they restored a backup"`,
    )
    .action(
      action<Flags>(terminal, async (flags, [name = '', file]) => {
        const trustDomain = givenTrustDomain(name);
        const bundle = file === undefined ? undefined : textOf(file);
        const { acceptLower, reason } = flags;
        const format = flags.format ?? (bundle === undefined || bundle.trimStart().startsWith('{') ? 'spiffe' : 'pem');
        const client = await adminClient(flags);
        try {
          const done = await client.ask('POST /v1/bundles', { trustDomain, bundle, format, acceptLower, reason });
          show(terminal, flags.output, done, ({ outcome, difference, entries }) => {
            const said = outcome === 'same' ? 'it is what is held already' : difference;
            return `${trustDomain}: ${said}; ${entries} ${entries === 1 ? 'entry federates' : 'entries federate'} with it\n`;
          });
          return 0;
        } catch (thrown) {
          return showRefusal(terminal, flags.output, thrown, { refusals: ['not_sound'], what: 'not set' });
        }
      }),
    );
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GatehouseError('usage_invalid', `cannot read ${file}: ${why}`, { file }, { cause: thrown });
  }
}
