/**
 * `gatehouse policy diff`: what does a change allow that was denied, and deny that was allowed?
 * @module
 */
import { Command, Option } from 'commander';
import { action } from '../terminal/action.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ProofFlags, proofOptions } from './proofs/proof-options.ts';

interface Flags extends ProofFlags {
  readonly oldRegistry?: readonly string[];
  readonly failOn?: 'added' | 'removed' | 'any';
  readonly witnesses?: string;
}

/** Exit code 0 if nothing is decided otherwise (or nothing of what `--fail-on` names), 1 if something is, 2 if nobody can say. */
export function policyDiffCommand(terminal: Terminal): Command {
  const command = new Command('diff')
    .description('say exactly what a change of policies allows that was denied, and denies that was allowed')
    .argument('<old>', 'a configuration, a directory with one, files of policy, or git:REVISION:PATH of one of these')
    .argument('<new>', 'likewise; of two places of policies alone --config or --registry names the registry of both')
    .addOption(new Option('--old-registry <path...>', 'the registry of the old policies, where it is another'))
    .addOption(
      new Option('--fail-on <what>', 'exit 1 only for this').choices(['added', 'removed', 'any']).default('any'),
    )
    .addOption(new Option('--witnesses <dir>', 'write the witnesses as policy tests of the new policies'));
  for (const option of proofOptions(['json', 'table', 'markdown']))
    if (option.attributeName() !== 'policies') command.addOption(option);
  return command
    .addHelpText(
      'after',
      '\nExample:\n  gatehouse policy diff git:main:gatehouse.yaml gatehouse.yaml --output markdown',
    )
    .action(
      action(terminal, async (flags: Flags & { readonly output: 'json' | 'table' }, [before = '', after = '']) => {
        const [{ createOpenPlace }, { showDiff }, { orUnknown }, { noteLeftOut }] = await Promise.all([
          import('./proofs/open-place.ts'),
          import('./proofs/show-diff.ts'),
          import('./proofs/unknown.ts'),
          import('./proofs/left-out.ts'),
        ]);
        const openPlace = createOpenPlace();
        const { oldRegistry, ...common } = flags;
        const old = await openPlace(before, { ...common, ...(oldRegistry && { registry: oldRegistry }) });
        const fresh = await openPlace(after, common);
        noteLeftOut(terminal, flags, old.side.model, fresh.side.model);
        return orUnknown(terminal, flags.output, () => showDiff(old, fresh, flags, terminal));
      }),
    );
}
