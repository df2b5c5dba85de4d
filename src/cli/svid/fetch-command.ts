/**
 * `gatehouse svid fetch`: who am I, and whom do I trust?
 * @module
 */
import { Command } from 'commander';
import { formatDuration } from '../../config/duration.ts';
import { GatehouseError } from '../../errors.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { durationOption, LONGEST_WAIT } from '../terminal/number-options.ts';
import { type OutputFormat, outputOption, show, showError } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';
import { type SocketFlag, socketOption, workloadSocket } from './socket-option.ts';

interface Flags extends SocketFlag {
  readonly output: OutputFormat;
  readonly write?: string;
  readonly showKey: boolean;
  readonly timeout: number;
}

/** Exit code 0 with at least one SVID, 1 if the caller is entitled to none, 2 if nobody answers. */
export function svidFetchCommand(terminal: Terminal): Command {
  return new Command('fetch')
    .description('fetch the X.509-SVIDs of this process from the Workload API')
    .addOption(socketOption())
    .addOption(configOption())
    .option('--write <directory>', 'leave svid.pem, key.pem (0600) and bundle.pem of the first SVID there')
    .option('--show-key', 'print private keys too', false)
    .addOption(
      durationOption('--timeout <duration>', 'how long to wait for the answer', {
        usual: '10s',
        least: '1ms',
        most: LONGEST_WAIT,
      }),
    )
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  gatehouse svid fetch --socket unix:/run/gatehouse/workload.sock --write /run/details/svid',
    )
    .action(action<Flags>(terminal, (flags) => fetchOnce(flags, terminal)));
}

async function fetchOnce(flags: Flags, terminal: Terminal): Promise<0 | 1> {
  const [client, pem, files] = await Promise.all([
    import('./workload-client.ts'),
    import('./svid-pem.ts'),
    import('./svid-files.ts'),
  ]);
  const socket = await workloadSocket(flags);
  try {
    const looks = flags.write === undefined && !flags.showKey;
    for await (const message of client.fetchX509Svids(socket, AbortSignal.timeout(flags.timeout), { looks })) {
      const found = pem.pemSvids(message);
      const first = found.svids[0];
      if (first === undefined) continue;
      if (flags.write !== undefined) await files.writeSvidFiles(flags.write, first);
      show(terminal, flags.output, pem.shownSvids(found, flags.showKey), ({ svids }, look) =>
        textTable(
          ['SPIFFE ID', 'EXPIRES', 'HINT'],
          svids.map(({ spiffeId, expiresAt, hint }) => [spiffeId, expiresAt, hint]),
          'none',
          look,
        ),
      );
      return 0;
    }
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError) || thrown.code !== 'not_entitled') throw thrown;
    showError(terminal, flags.output, thrown);
    return 1;
  }
  throw new GatehouseError('unreachable', `no SVID from ${socket} within ${formatDuration(flags.timeout)}`, { socket });
}
