/**
 * `gatehouse policy prove`: is a tenant really alone?
 * @module
 */
import { Command, Option } from 'commander';
import { action } from '../terminal/action.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ProofFlags, proofOptions } from './proofs/proof-options.ts';

interface Flags extends ProofFlags {
  readonly tenant?: string;
}

/** Exit code 0 if every tenant is proved to be alone, 1 if one is not, 2 if nobody can say. */
export function policyProveCommand(terminal: Terminal): Command {
  const command = new Command('prove')
    .description('prove that the tenants of the configuration cannot reach each other, today and with pods to come')
    .addOption(new Option('--tenant <name>', 'only this one'));
  for (const option of proofOptions(['json', 'table'])) command.addOption(option);
  return command
    .addHelpText('after', '\nExample:\n  gatehouse policy prove --config gatehouse.yaml --tenant red')
    .action(
      action(terminal, async (flags: Flags & { readonly output: 'json' | 'table' }) => {
        const [{ openTenants }, { showProofs }, { orUnknown }, { noteLeftOut }] = await Promise.all([
          import('./proofs/open-side.ts'),
          import('./proofs/show-proofs.ts'),
          import('./proofs/unknown.ts'),
          import('./proofs/left-out.ts'),
        ]);
        const { side, tenants } = await openTenants(flags);
        noteLeftOut(terminal, flags, side.model);
        return orUnknown(terminal, flags.output, () => showProofs(side, tenants, flags, terminal));
      }),
    );
}
