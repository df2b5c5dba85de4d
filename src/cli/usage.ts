/**
 * Command lines that say nothing that we know: one error with the nearest word, for people or as JSON.
 * @module
 */
import type { Command, CommanderError } from 'commander';
import { GatehouseError } from '../errors.ts';
import { nearest } from '../lib/nearest.ts';
import { oneLine } from '../lib/printable.ts';

/** Asks for help, in whatever place. */
const isHelp = (word: string): boolean => word === '--help' || word === '-h';

/** Whether the caller wants one JSON document, however wrong the rest is. The last word on it counts. */
export function wantsJson(args: readonly string[]): boolean {
  const before = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const said = before.flatMap((word, i) =>
    word === '--output' ? [before[i + 1]] : word.startsWith('--output=') ? [word.slice('--output='.length)] : [],
  );
  return said.at(-1) === 'json';
}

/** `help svid fetch` and `svid help fetch` are `svid fetch --help`. */
export function withoutHelpCommand(args: readonly string[]): readonly string[] {
  const at = args.findIndex((word) => !word.startsWith('-'));
  for (const place of [at, at + 1])
    if (at >= 0 && args[place] === 'help' && place < 2)
      return [...args.slice(0, place), ...args.slice(place + 1, place + 3), '--help'];
  return args;
}

/**
 * Refuses a command that is not there, also where help was asked for: otherwise that would be help for another.
 *
 * @throws GatehouseError `usage_invalid`
 */
export function checkNames(program: Command, args: readonly string[]): void {
  const words = args.filter((word) => !isHelp(word));
  let command = program;
  for (const word of words.slice(0, 2)) {
    if (command.commands.length === 0 || word.startsWith('-')) break;
    const inner = command.commands.find((each) => each.name() === word);
    if (inner === undefined) {
      const meant = nearest(word, shownNames(command));
      throw usageError(
        `unknown command '${word}'`,
        meant === undefined ? oneOf(command) : `Did you mean ${meant}?`,
        pathOf(command),
      );
    }
    command = inner;
  }
  if (command.commands.length > 0 && wantsJson(args) && !args.some(isHelp))
    throw usageError('no command is given', oneOf(command), pathOf(command));
}

/** What commander refused, as an error of ours: its first line says what, the second what was probably meant. */
export function usageErrorOf(
  { code, message }: CommanderError,
  program: Command,
  args: readonly string[],
): GatehouseError {
  const [what = '', hint = ''] = message.replace(/^error: /, '').split(/\n(?=\(Did you mean )/);
  const said = code === 'commander.help' ? 'no command is given' : what.trim();
  return usageError(said, hint.trim().replaceAll(/^\(|\)$/g, ''), pathOf(calledOf(program, args)));
}

/** The command that a line calls, as far as its words are known. */
function calledOf(program: Command, args: readonly string[]): Command {
  const [first, second] = args;
  const group = program.commands.find((each) => each.name() === first);
  return group?.commands.find((each) => each.name() === second) ?? group ?? program;
}

/** The same for people: what, what was probably meant, and where to look. */
export function usageText({ message, details }: GatehouseError): string {
  const hint = typeof details.hint === 'string' ? `(${oneLine(details.hint)})\n` : '';
  return `error: ${oneLine(message)}\n${hint}\n(--help shows an example)\n`;
}

function usageError(what: string, hint: string, command: string): GatehouseError {
  return new GatehouseError('usage_invalid', what, {
    help: `${command} --help`,
    ...(hint !== '' && { hint }),
  });
}

const shownNames = (command: Command): string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((each) => each.name());

const oneOf = (command: Command): string =>
  `one of ${shownNames(command)
    .filter((name) => name !== 'help')
    .join(', ')}`;

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
