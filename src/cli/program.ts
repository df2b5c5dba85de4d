/**
 * The command line: finds the command that is called, runs it, and turns its end into an exit code.
 * @module
 */
import { Command, CommanderError } from 'commander';
import { GatehouseError } from '../errors.ts';
import { oneLine } from '../lib/printable.ts';
import { programVersion } from '../lib/version.ts';
import { commandGroups, loaded } from './command-groups.ts';
import { showError } from './terminal/output.ts';
import { showingOnly, type Terminal } from './terminal/terminal.ts';
import { checkNames, usageErrorOf, usageText, wantsJson, withoutHelpCommand } from './usage.ts';

/** Runs one command line (without the program's own name). Errors of its syntax end with exit code 2. */
export async function runCommandLine(words: readonly string[], outside: Terminal): Promise<void> {
  const terminal = showingOnly(outside);
  const args = withoutHelpCommand(words);
  const program = new Command('gatehouse')
    .description('Gives every workload a SPIFFE identity, and decides every request by that identity.')
    .version(programVersion(), '--version', 'print the version')
    .addHelpText(
      'after',
      '\nExample:\n  gatehouse serve --config gatehouse.yaml\n\nEvery command explains itself with --help.',
    );
  const called = args.find((each) => !each.startsWith('-'));
  // a group that is not called is only its name and summary: nothing of it is loaded
  for (const [name, group] of Object.entries(commandGroups)) {
    const command =
      name === called ? await loaded(name, group, terminal) : new Command(name).description(group.summary);
    program.addCommand(command, { hidden: group.isHidden === true });
  }
  const isJson = wantsJson(args);
  quiet(program, isJson ? { ...terminal, err: () => {} } : terminal);
  try {
    checkNames(program, args);
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    const isAnswered = thrown instanceof CommanderError && thrown.exitCode === 0 && thrown.code !== 'commander.help';
    terminal.exit(isAnswered ? 0 : 2);
    if (isAnswered) return;
    if (isJson)
      showError(terminal, 'json', thrown instanceof CommanderError ? usageErrorOf(thrown, program, args) : thrown);
    else if (thrown instanceof GatehouseError && thrown.code === 'usage_invalid') terminal.err(usageText(thrown));
    else if (!(thrown instanceof CommanderError)) showError(terminal, 'table', thrown); // commander has said its own
  }
}

/** One line, whatever the arguments that it repeats hold, and what was probably meant on a second one. */
function complaint(text: string): string {
  const [, message = text, meant = ''] = /^(.*?)(\n\(Did you mean [^\n]*\))?\n?$/s.exec(text) ?? [];
  return `${oneLine(message)}${meant}\n`;
}

/** Sends help to stdout and complaints to stderr, and makes every exit an exception. */
function quiet(command: Command, terminal: Terminal): void {
  command.exitOverride().showHelpAfterError('(--help shows an example)');
  const outputError = (text: string, write: (line: string) => void): void => write(complaint(text));
  command.configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError });
  for (const inner of command.commands) quiet(inner, terminal);
}
