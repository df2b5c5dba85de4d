/**
 * The command line in this process: what it writes, how it ends, and which commands it says that it has.
 * @module
 */
import { runCommandLine } from '../../src/cli/program.ts';

export interface CommandRun {
  readonly out: string;
  readonly err: string;
  readonly code: number | undefined;
}

/** Runs one command line. */
export async function commandLine(...args: readonly string[]): Promise<CommandRun> {
  let [out, err] = ['', ''];
  let code: number | undefined;
  await runCommandLine(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    exit: (given) => {
      code = given;
    },
  });
  return { out, err, code };
}

/** Every command by its help, e.g. `['svid', 'fetch']`. */
export async function allCommands(): Promise<string[][]> {
  const found: string[][] = [];
  for (const name of commandsIn((await commandLine('--help')).out)) {
    const inner = commandsIn((await commandLine(name, '--help')).out);
    found.push(...(inner.length === 0 ? [[name]] : inner.map((each) => [name, each])));
  }
  return found;
}

/** Names under `Commands:` of a help text. */
function commandsIn(help: string): string[] {
  const list = /^Commands:\n((?: {2}.*\n?)+)/m.exec(help)?.[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)].flatMap(([, name]) =>
    name === undefined || name === 'help' ? [] : [name],
  );
}
