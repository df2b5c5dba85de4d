/**
 * `gatehouse bundle delete`: forgets the bundle of another trust domain.
 * @module
 */
import { Command } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { givenTrustDomain } from './given-trust-domain.ts';

interface Flags extends AdminFlags {
  readonly output: OutputFormat;
  readonly reason: string;
}

/** Exit code 0 deleted; 2 where there is none. */
export function bundleDeleteCommand(terminal: Terminal): Command {
  return new Command('delete')
    .description('forget the bundle of another trust domain: from now on nobody here trusts its workloads')
    .argument('<trust-domain>', 'whose bundle it is')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse bundle delete other.example --reason "the contract has ended"')
    .action(
      action<Flags>(terminal, async (flags, [name = '']) => {
        const trustDomain = givenTrustDomain(name);
        const client = await adminClient(flags);
        const done = await client.ask('POST /v1/bundles/delete', { trustDomain, reason: flags.reason });
        show(terminal, flags.output, done, ({ entries, comesBack }) =>
          [
            `the bundle of ${trustDomain} was deleted; ${entries} ${entries === 1 ? 'entry federates' : 'entries federate'} with it\n`,
            ...(comesBack
              ? [`federation.trustDomains still names its endpoint, which brings it back: drop it there and reload\n`]
              : []),
          ].join(''),
        );
        return 0;
      }),
    );
}
