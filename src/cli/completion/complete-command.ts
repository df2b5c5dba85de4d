/**
 * `gatehouse complete -- WORDS`: what the scripts of `gatehouse completion` ask at each press of the key.
 * @module
 */
import { Command } from 'commander';
import type { Terminal } from '../terminal/terminal.ts';
import { suggestions } from './completer.ts';

/** @param everything  all commands, loaded */
export function completeCommand(terminal: Terminal, everything: () => Promise<readonly Command[]>): Command {
  return new Command('complete')
    .description('say what may stand next; shells ask')
    .argument('[words...]', 'the words before, and the one that is begun')
    .action(async (words: readonly string[]) => {
      const program = new Command('gatehouse');
      for (const each of await everything()) program.addCommand(each);
      terminal.out(suggestions(program, words));
      terminal.exit(0);
    });
}
