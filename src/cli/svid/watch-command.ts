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
import { type SocketFlag, socketOption, workloadSocket } from './socket-option.ts';

interface Flags extends SocketFlag {
  readonly output: OutputFormat;
  readonly write?: string;
  readonly exec?: string;
  readonly count?: number;
}

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 30_000;

/** Runs until SIGINT or SIGTERM (exit code 0), or until `--count` updates have come. */
export function svidWatchCommand(terminal: Terminal): Command {
  return new Command('watch')
    .description('watch the X.509-SVIDs of this process, through every renewal')
    .addOption(socketOption())
    .addOption(configOption())
    .option('--write <directory>', 'leave svid.pem, key.pem (0600) and bundle.pem of the first SVID there')
    .option('--exec <command>', 'shell command to run after each update, such as a reload')
    .addOption(countOption('--count <number>', 'end after that many updates'))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse svid watch --write /run/nginx/svid --exec "nginx -s reload"')
    .action(action<Flags>(terminal, (flags) => watch(flags, terminal)));
}

async function watch(flags: Flags, terminal: Terminal): Promise<0> {
  const { fetchX509Svids } = await import('./workload-client.ts');
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const socket = await workloadSocket(flags);
  let left = flags.count ?? Number.POSITIVE_INFINITY;
  let retryMs = RETRY_FIRST_MS;
  while (!stopping.signal.aborted && left > 0) {
    try {
      for await (const message of fetchX509Svids(socket, stopping.signal, { looks: flags.write === undefined })) {
        retryMs = RETRY_FIRST_MS;
        await update(message, flags, terminal);
        left -= 1;
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

async function update(
  message: Parameters<typeof import('./svid-pem.ts').pemSvids>[0],
  flags: Flags,
  terminal: Terminal,
) {
  const [{ pemSvids, shownSvids }, { writeSvidFiles }] = await Promise.all([
    import('./svid-pem.ts'),
    import('./svid-files.ts'),
  ]);
  const found = pemSvids(message);
  const first = found.svids[0];
  if (first === undefined) return;
  if (flags.write !== undefined) await writeSvidFiles(flags.write, first);
  terminal.out(
    flags.output === 'json'
      ? jsonText(shownSvids(found, false))
      : found.svids.map(({ spiffeId, expiresAt }) => `${oneLine(spiffeId)} until ${expiresAt}\n`).join(''),
  );
  if (flags.exec !== undefined) await run(flags.exec, first.spiffeId, terminal);
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
