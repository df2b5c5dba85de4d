/**
 * What may stand next on a command line, by the library that speaks with shells.
 * @module
 */
import { RootCommand, script } from '@bomb.sh/tab';
import type { Command, Help } from 'commander';

/** The shells that are known. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** The script that a shell reads; it asks `gatehouse complete -- WORDS` for what may stand next. */
export function shellScript(shell: (typeof shells)[number]): string {
  return printed(() => script(shell, 'gatehouse', 'gatehouse'));
}

/** Where we know nothing the shell completes names of files; the library would tell it not to. */
const FILES = ':0\n';

/** One line for each word that may stand at the end of `words`, and a last one for the shell. */
export function suggestions(program: Command, words: readonly string[]): string {
  const root = new RootCommand();
  add(root, program, program.createHelp(), '');
  const said = printed(() => root.parse([...words]));
  return /^:\d+\n$/.test(said) ? FILES : said;
}

function add(root: RootCommand, command: Command, help: Help, path: string): void {
  const known = path === '' ? root : root.command(path, command.description());
  for (const option of help.visibleOptions(command)) {
    const name = option.long?.slice(2);
    if (name === undefined) continue;
    const short = option.short?.slice(1);
    if (!option.required && !option.optional) known.option(name, option.description, short);
    else known.option(name, option.description, offering(option.argChoices), short);
  }
  for (const argument of command.registeredArguments)
    known.argument(argument.name(), offering(argument.argChoices), argument.variadic);
  for (const inner of help.visibleCommands(command))
    if (inner.name() !== 'help') add(root, inner, help, `${path} ${inner.name()}`.trim());
}

type Say = (value: string, description: string) => void;

/** Says the values that there are, if they are known. */
function offering(choices: readonly string[] = []): (say: Say) => void {
  return (say) => {
    for (const each of choices) say(each, '');
  };
}

/** What the library prints by itself, so that it goes through the door that all texts go through. */
function printed(run: () => void): string {
  const lines: string[] = [];
  const { log } = console;
  Object.assign(console, { log: (line = '') => void lines.push(String(line)) });
  try {
    run();
  } finally {
    Object.assign(console, { log });
  }
  return lines.map((line) => `${line}\n`).join('');
}
