/**
 * The command line: which commands there are. Each lives in a file of its own that is loaded only when it is called or helped.
 * @module
 */
import { Command, CommanderError } from 'commander';
import { oneLine } from '../lib/printable.ts';
import { programVersion } from '../lib/version.ts';
import { showingOnly, type Terminal } from './terminal/terminal.ts';

type Loader = (terminal: Terminal) => Promise<Command>;

interface Group {
  readonly summary: string;
  /** One command of that name, or the commands beneath it. */
  readonly load: Loader | readonly Loader[];
}

const groups: Readonly<Record<string, Group>> = {
  serve: {
    summary: 'run the authority and the deciders',
    load: async (terminal) => (await import('./serve/serve-command.ts')).serveCommand(terminal),
  },
  svid: {
    summary: 'fetch or watch an identity from the Workload API; revoke one',
    load: [
      async (terminal) => (await import('./svid/fetch-command.ts')).svidFetchCommand(terminal),
      async (terminal) => (await import('./svid/watch-command.ts')).svidWatchCommand(terminal),
      async (terminal) => (await import('./svid/revoke-command.ts')).svidRevokeCommand(terminal),
      async (terminal) => (await import('./svid/revocations-command.ts')).svidRevocationsCommand(terminal),
    ],
  },
  ca: {
    summary: 'look at the authorities, and rotate them safely',
    load: [
      async (terminal) => (await import('./ca/status-command.ts')).caStatusCommand(terminal),
      async (terminal) => (await import('./ca/rotate-command.ts')).caRotateCommand(terminal),
      async (terminal) => (await import('./ca/rehearse-command.ts')).caRehearseCommand(terminal),
      ...(['prepare', 'activate', 'taint', 'revoke', 'undo'] as const).map(
        (verb): Loader =>
          async (terminal) =>
            (await import('./ca/verb-command.ts')).caVerbCommand(verb, terminal),
      ),
      async (terminal) => (await import('./ca/begin.ts')).caBeginCommand(terminal),
      async (terminal) => (await import('./ca/ledger-command.ts')).caLedgerCommand(terminal),
      async (terminal) => (await import('./ca/log-command.ts')).caLogCommand(terminal),
      async (terminal) => (await import('./ca/rewrap.ts')).caRewrapCommand(terminal),
    ],
  },
  backup: {
    summary: 'write the whole authority to one sealed file',
    load: async (terminal) => (await import('./store/backup-command.ts')).backupCommand(terminal),
  },
  restore: {
    summary: 'bring a backup into the store',
    load: async (terminal) => (await import('./store/restore-command.ts')).restoreCommand(terminal),
  },
  'join-token': {
    summary: 'let deciders elsewhere join this authority',
    load: [async (terminal) => (await import('./join-token/create-command.ts')).joinTokenCreateCommand(terminal)],
  },
  entry: {
    summary: 'list and explain who may be what',
    load: [
      async (terminal) => (await import('./entry/list-command.ts')).entryListCommand(terminal),
      async (terminal) => (await import('./entry/explain-command.ts')).entryExplainCommand(terminal),
    ],
  },
  policy: {
    summary: 'check policy files and explain decisions',
    load: [
      async (terminal) => (await import('./policy/check-command.ts')).policyCheckCommand(terminal),
      async (terminal) => (await import('./policy/explain-command.ts')).policyExplainCommand(terminal),
      async (terminal) => (await import('./policy/lint-command.ts')).policyLintCommand(terminal),
      async (terminal) => (await import('./policy/test-command.ts')).policyTestCommand(terminal),
    ],
  },
  why: {
    summary: 'derive a past decision by its id',
    load: async (terminal) => (await import('./why/why-command.ts')).whyCommand(terminal),
  },
  envoy: {
    summary: 'make configuration for Envoy',
    load: [async (terminal) => (await import('./envoy/bootstrap-command.ts')).envoyBootstrapCommand(terminal.out)],
  },
  doctor: {
    summary: 'find what makes an Envoy fail open or policies inexact',
    load: async (terminal) => (await import('./doctor/doctor-command.ts')).doctorCommand(terminal),
  },
  config: {
    summary: 'check and print gatehouse.yaml',
    load: [
      async (terminal) => (await import('./config/check-command.ts')).configCheckCommand(terminal),
      async (terminal) => (await import('./config/print-command.ts')).configPrintCommand(terminal),
      async (terminal) => (await import('./config/schema-command.ts')).configSchemaCommand(terminal),
    ],
  },
};

/** Runs one command line (without the program's own name). Errors of its syntax end with exit code 2. */
export async function runCommandLine(args: readonly string[], outside: Terminal): Promise<void> {
  const terminal = showingOnly(outside);
  const program = new Command('gatehouse')
    .description('Gives every workload a SPIFFE identity, and decides every request by that identity.')
    .version(programVersion(), '--version', 'print the version')
    .addHelpText(
      'after',
      '\nExample:\n  gatehouse serve --config gatehouse.yaml\n\nEvery command explains itself with --help.',
    );
  const called = args[0] === 'help' ? args[1] : args.find((each) => !each.startsWith('-'));
  for (const [name, group] of Object.entries(groups)) {
    program.addCommand(await mount(name, group, name === called, terminal));
  }
  quiet(program, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) {
      terminal.err(`gatehouse: ${oneLine(thrown instanceof Error ? thrown.message : String(thrown))}\n`);
    }
    terminal.exit(
      thrown instanceof CommanderError && thrown.exitCode === 0 && thrown.code !== 'commander.help' ? 0 : 2,
    );
  }
}

/** A group that is not called is only its name and summary: nothing of it is loaded. */
async function mount(name: string, { summary, load }: Group, called: boolean, terminal: Terminal): Promise<Command> {
  if (!called) return new Command(name).description(summary);
  if (typeof load === 'function') return load(terminal);
  const group = new Command(name)
    .description(summary)
    .addHelpText('after', `\nExamples: gatehouse ${name} COMMAND --help shows one for each.`);
  for (const each of load) group.addCommand(await each(terminal));
  return group;
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
