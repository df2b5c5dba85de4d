/**
 * Runs what a command does, and turns its end into an exit code.
 * @module
 */
import type { Command } from 'commander';
import { textOfFound, withFoundConfig } from '../config/config-option.ts';
import { note, type OutputFormat, showError } from './output.ts';
import type { ExitCode, Terminal } from './terminal.ts';

interface CommonFlags {
  readonly output?: OutputFormat;
}

/**
 * Makes an action for commander: its answer is the exit code; what it throws is one line on stderr and exit code 2.
 */
export function action<F extends CommonFlags>(
  terminal: Terminal,
  body: (flags: F, names: readonly string[]) => Promise<ExitCode>,
): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    // commander calls with the operands in order, then the flags, then the command itself
    const given = args.at(-2) as F;
    const flags = withFoundConfig(given, args.at(-1) as Command, (found) => {
      if (given.output !== 'json') note(terminal, textOfFound(found));
    });
    try {
      terminal.exit(await body(flags, (args.slice(0, -2) as (string | readonly string[])[]).flat()));
    } catch (thrown) {
      showError(terminal, flags.output ?? 'table', thrown);
      terminal.exit(2);
    }
  };
}
