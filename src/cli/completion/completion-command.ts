/**
 * `gatehouse completion`: lets a shell complete our commands and options.
 * @module
 */
import { Argument, Command } from 'commander';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { shellScript, shells } from './completer.ts';

/** Prints a script for the shell that is named. */
export function completionCommand(terminal: Terminal): Command {
  return new Command('completion')
    .description('print the script by which a shell completes commands, options and their values')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Example:
  gatehouse completion bash > /etc/bash_completion.d/gatehouse
  gatehouse completion zsh > "\${fpath[1]}/_gatehouse"
  gatehouse completion fish > ~/.config/fish/completions/gatehouse.fish`,
    )
    .action(
      action<{ output: OutputFormat }>(terminal, async ({ output }, [shell]) => {
        const named = shells.find((each) => each === shell)!; // commander lets only these in
        show(terminal, output, { shell: named, script: shellScript(named) }, () => shellScript(named));
        return 0;
      }),
    );
}
