/**
 * `gatehouse serve`: runs in the foreground, logs JSON lines to stderr, prints one line to stdout when it is ready.
 * @module
 */
import { Command, Option } from 'commander';
import type { Config } from '../../config/config.ts';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import { cleanEnvironment, droppedVariables } from '../../platform/hardening/node-environment.ts';
import { keepHeapSmall } from '../../platform/memory/heap-growth.ts';
import { missingFlags, ONE_ARENA } from '../../platform/node-flags.ts';
import { createServiceManager, type ServiceManager } from '../../platform/observe/service-manager.ts';
import type { RunningServer } from '../../server/server.ts';
import { type ConfigFlag, configOption, textOfFound, withFoundConfig } from '../config/config-option.ts';
import type { FoundConfig } from '../config/find-config.ts';
import { durationOption } from '../terminal/number-options.ts';
import { jsonText, type OutputFormat, outputOption, showError } from '../terminal/output.ts';
import type { ExitCode, Terminal } from '../terminal/terminal.ts';

interface Flags extends ConfigFlag {
  readonly readyTimeout: number;
  readonly drainTimeout: number;
  readonly logLevel?: string;
  readonly output: OutputFormat;
}

/** Tells the process that takes our place what it is without. */
const DROPPED = 'GATEHOUSE_DROPPED_VARIABLES';

/** Exit code 0 after SIGTERM or SIGINT, 2 if it could not start. */
export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .description('run the authority and the deciders, in the foreground, until SIGTERM')
    .addOption(configOption())
    .addOption(
      durationOption('--ready-timeout <duration>', 'how long it may take to become ready', {
        usual: '30s',
        least: '1ms',
        most: '20d',
      }),
    )
    .addOption(
      durationOption('--drain-timeout <duration>', 'how long running work may take to end after SIGTERM', {
        usual: '10s',
        least: '0s',
        most: '20d',
      }),
    )
    .addOption(
      new Option('--log-level <level>', 'instead of log.level of the configuration').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
The line that says that it is ready is JSON in either format; --output is about errors.
SIGTERM ends it after running work has ended. SIGHUP reads policies, entries, workloads and the log level again.

Example:
  gatehouse serve --config /etc/gatehouse/gatehouse.yaml`,
    )
    .action(async (flags: Flags, command: Command) => {
      startClean();
      const code = await serve(flags, command, terminal);
      if (code !== undefined) process.exit(code);
    });
}

/**
 * Starts again, as the same process, with the flags of a server and without Node's own variables, unless all of that holds.
 * Where a process cannot be replaced, the variables are at least gone for all that is read later.
 */
function startClean(): void {
  const dropped = droppedVariables(process.env, true);
  const flags = missingFlags(process.execArgv);
  if (flags.length === 0 && dropped.length === 0) return;
  const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  process.removeAllListeners('warning');
  const told = dropped.length > 0 ? { [DROPPED]: dropped.join(' ') } : {};
  process.execve?.(process.execPath, args, { ...ONE_ARENA, ...cleanEnvironment(process.env, true), ...told });
  for (const name of dropped) delete process.env[name];
}

/** What a start that failed may take to end in order; nothing is lost without it, as nothing is by SIGKILL. */
const STOP_MS = 5_000;

const UNREAD = 'the line that says that it is ready could not be written to stdout; it stands in this log too';

async function serve(given: Flags, command: Command, terminal: Terminal): Promise<ExitCode | undefined> {
  let found: FoundConfig | undefined;
  const flags = withFoundConfig(given, command, (taken) => {
    found = taken;
  });
  const dropped = process.env[DROPPED];
  delete process.env[DROPPED];
  const untold: string[] = [];
  let tellWhy = (why: string): void => void untold.push(why);
  using manager = createServiceManager(process.env, (why) => tellWhy(why));
  // First of all, so that its modules load while ours do; ended below if nothing comes of it.
  const { forkDecider } = await import('../../server/decider/decider-process.ts');
  const firstDecider = forkDecider();
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  try {
    const [{ startServer }, { loadConfig }, { createLog, logDestination }, { hardenProcess }] = await Promise.all([
      import('../../server/server.ts'),
      import('../../config/read-config.ts'),
      import('../../platform/observe/log.ts'),
      import('../../platform/hardening/harden-process.ts'),
    ]);
    const read = () => {
      const config = loadConfig(flags.config);
      return flags.logLevel === undefined
        ? config
        : { ...config, log: { ...config.log, level: flags.logLevel as typeof config.log.level } }; // commander has checked it
    };
    const { readyTimeout: readyTimeoutMs, drainTimeout: drainTimeoutMs } = flags;
    const config = read();
    const log = createLog(config.log.level, await logDestination(process.stderr));
    tellWhy = (why) => log.warn(why);
    untold.forEach(tellWhy);
    if (found !== undefined) log.info({ file: config.file, by: found.by }, textOfFound(found));
    let server: RunningServer | undefined;
    reloadOnHangUp(() => server, read, manager);
    if (dropped !== undefined)
      log.warn({ variables: dropped.split(' ') }, "Node's own variables of the environment are not used by the server");
    const gaps = hardenProcess();
    if (gaps.length > 0) log.warn({ gaps }, 'this process could not be closed against debuggers');
    const overdue = setTimeout(() => {
      firstDecider.kill();
      giveUp(flags, terminal);
    }, readyTimeoutMs + STOP_MS);
    try {
      server = await startServer({ config, log, firstDecider, readyTimeoutMs, signal: stopping.signal });
    } finally {
      clearTimeout(overdue);
    }
    keepHeapSmall(); // not before: a start would only take longer
    // Who started it may look no more: that ends no server.
    process.stdout.removeAllListeners('error').on('error', ({ message }) => log.warn({ message }, UNREAD));
    terminal.out(jsonText(server.readyLine));
    log.info(server.readyLine, 'ready');
    manager.ready();
    await aborted(stopping.signal);
    manager.stopping();
    log.info('draining');
    await server.drain(drainTimeoutMs);
    log.info('ended');
    return 0;
  } catch (thrown) {
    firstDecider.kill();
    const error = asGatehouseError(thrown);
    if (error.code === 'draining') return 0;
    showError(terminal, flags.output, error);
    return 2;
  }
}

/** @param running  undefined before the start is over: then there is nothing that could be older than the file */
function reloadOnHangUp(running: () => RunningServer | undefined, read: () => Config, manager: ServiceManager): void {
  let reloading = Promise.resolve();
  process.on('SIGHUP', () => {
    const server = running();
    if (server === undefined) return;
    manager.reloading();
    reloading = reloading
      .then(() => server.reload(read()))
      .catch((thrown: unknown) => server.refuseReload(asGatehouseError(thrown)))
      .finally(() => manager.ready());
  });
}

/** Ends a process whose start neither succeeds nor fails. */
function giveUp({ output }: Flags, terminal: Terminal): never {
  const late = new GatehouseError('unreachable', 'not ready in time: the start could not be ended in order');
  showError(terminal, output, late);
  process.exit(2);
}

/** Resolves when the signal has aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
