/**
 * `gatehouse policy map`: who can reach whom, and on what.
 * @module
 */
import { Command, Option } from 'commander';
import { action } from '../terminal/action.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ProofFlags, proofOptions } from './proofs/proof-options.ts';

interface Flags extends ProofFlags {
  readonly from?: string;
  readonly to?: string;
  readonly universe: 'registry' | 'any';
  readonly byPlane?: boolean;
  readonly explain?: boolean;
}

/** Exit code 0, or 2 if nobody can say. */
export function policyMapCommand(terminal: Terminal): Command {
  const command = new Command('map')
    .description('say exactly who can reach whom, and on what: all requests, all planes together')
    .addOption(new Option('--from <name>', 'only callers of this class, pod, namespace or address'))
    .addOption(new Option('--to <name>', 'only what these are called by: a class, pod or namespace'))
    .addOption(
      new Option('--universe <scope>', 'registry: the pods of today; any: pods and namespaces that may come, too')
        .choices(['registry', 'any'])
        .default('registry'),
    )
    .addOption(new Option('--by-plane', 'say too what each plane lets pass alone'))
    .addOption(new Option('--explain', 'say of each part of a region which rule allowed it'));
  for (const option of proofOptions(['json', 'table', 'dot', 'svg', 'mermaid'])) command.addOption(option);
  return command
    .addHelpText('after', '\nExample:\n  gatehouse policy map --config gatehouse.yaml --to shop --output json')
    .action(
      action(terminal, async (flags: Flags & { readonly output: 'json' | 'table' }) => {
        const { openSide } = await import('./proofs/open-side.ts');
        const { showMap } = await import('./proofs/show-map.ts');
        const { orUnknown } = await import('./proofs/unknown.ts');
        const { noteLeftOut } = await import('./proofs/left-out.ts');
        const side = await openSide(flags, flags.config);
        noteLeftOut(terminal, flags, side.model);
        return orUnknown(terminal, flags.output, () => showMap(side, flags, terminal));
      }),
    );
}
