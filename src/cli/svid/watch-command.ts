/**
 * `gatehouse svid watch`: keeps an identity fresh on disk, and tells a program when it has changed.
 * @module
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { oneLine } from '../../lib/printable.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { countOption } from '../terminal/number-options.ts';
import { jsonText, note, type OutputFormat, outputOption, showError } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ChoiceFlags, choiceOptions, chooseSvids } from './choose-svids.ts';
import { type FileFlags, fileOptions, type SvidFiles } from './file-options.ts';
import { type SocketFlag, socketOption, workloadSocket } from './socket-option.ts';

interface Flags extends SocketFlag, ChoiceFlags, FileFlags {
  readonly output: OutputFormat;
  readonly exec?: string;
  readonly count?: number;
}

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 30_000;

/** Runs until SIGINT or SIGTERM (exit code 0), or until `--count` updates have come. */
export function svidWatchCommand(terminal: Terminal): Command {
  const command = new Command('watch')
    .description('watch the X.509-SVIDs of this process, through every renewal')
    .addOption(socketOption())
    .addOption(configOption())
    .option('--write <directory>', 'leave svid.pem, key.pem (0600) and bundle.pem of the first chosen SVID there');
  for (const option of [...choiceOptions(), ...fileOptions()]) command.addOption(option);
  return command
    .option('--exec <command>', 'shell command to run after each update, such as a reload')
    .addOption(countOption('--count <number>', 'end after that many updates'))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse svid watch --write /run/nginx/svid --exec "nginx -s reload"')
    .action(action<Flags>(terminal, (flags) => watch(flags, terminal)));
}

async function watch(flags: Flags, terminal: Terminal): Promise<0> {
  const [{ fetchX509Svids }, { svidFilesOf }] = await Promise.all([
    import('./workload-client.ts'),
    import('./svid-files.ts'),
  ]);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const socket = await workloadSocket(flags);
  const files = await svidFilesOf(flags);
  let left = flags.count ?? Number.POSITIVE_INFINITY;
  let retryMs = RETRY_FIRST_MS;
  while (!stopping.signal.aborted && left > 0) {
    try {
      for await (const message of fetchX509Svids(socket, stopping.signal, { looks: flags.write === undefined })) {
        retryMs = RETRY_FIRST_MS;
        if (await update(message, flags, files, terminal)) left -= 1;
        if (left <= 0) break;
      }
    } catch (thrown) {
      if (thrown instanceof GatehouseError && thrown.code === 'header_missing') throw thrown;
      showError(terminal, flags.output, thrown);
    }
    if (left > 0) await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    retryMs = Math.min(retryMs * 2, RETRY_MOST_MS);
  }
  return 0;
}

/** Whether there was an SVID of those that were chosen: an entry that lacks now may come back, and is waited for. */
async function update(
  message: Parameters<typeof import('./svid-pem.ts').pemSvids>[0],
  flags: Flags,
  files: SvidFiles | undefined,
  terminal: Terminal,
): Promise<boolean> {
  const { pemSvids, shownSvids } = await import('./svid-pem.ts');
  const all = pemSvids(message);
  if (all.svids.length === 0) return false;
  let found: typeof all;
  try {
    found = chooseSvids(all, flags);
  } catch (thrown) {
    showError(terminal, flags.output, thrown);
    return false;
  }
  await files?.write(found.svids[0]!); // it chooses one at least
  terminal.out(
    flags.output === 'json'
      ? jsonText(shownSvids(found, false))
      : found.svids.map(({ spiffeId, expiresAt }) => `${oneLine(spiffeId)} until ${expiresAt}\n`).join(''),
  );
  if (flags.exec !== undefined) await run(flags.exec, found.svids[0]!.spiffeId, terminal);
  return true;
}

/** A command that fails is told and does not end the watch: the next renewal tries again. */
function run(command: string, spiffeId: string, terminal: Terminal): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, GATEHOUSE_SPIFFE_ID: spiffeId },
    });
    const complain = (why: string): void => note(terminal, `the command of --exec failed: ${why}`);
    child.once('error', (error) => {
      complain(error.message);
      resolve();
    });
    child.once('exit', (code, signal) => {
      if (code !== 0) complain(signal ?? `exit code ${code}`);
      resolve();
    });
  });
}
