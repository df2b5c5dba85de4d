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
import { type ChoiceFlags, choiceOptions, chooseSvids } from './choose-svids.ts';
import { type FileFlags, fileOptions, type SvidFiles } from './file-options.ts';
import { type SocketFlag, socketOption, workloadSocket } from './socket-option.ts';

interface Flags extends SocketFlag, ChoiceFlags, FileFlags {
  readonly output: OutputFormat;
  readonly showKey: boolean;
  readonly timeout: number;
}

/** Exit code 0 with at least one SVID, 1 if the caller is entitled to none, 2 if nobody answers. */
export function svidFetchCommand(terminal: Terminal): Command {
  const command = new Command('fetch')
    .description('fetch the X.509-SVIDs of this process from the Workload API')
    .addOption(socketOption())
    .addOption(configOption())
    .option('--write <directory>', 'leave svid.pem, key.pem (0600) and bundle.pem of the first chosen SVID there')
    .option('--show-key', 'print private keys too', false);
  for (const option of [...choiceOptions(), ...fileOptions()]) command.addOption(option);
  return command
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
      '\nExamples:\n  gatehouse svid fetch --socket unix:/run/gatehouse/workload.sock --write /run/details/svid\n  gatehouse svid fetch --id spiffe://cluster.local/ns/default/sa/details --write /run/details/svid --group root',
    )
    .action(action<Flags>(terminal, (flags) => fetchOnce(flags, terminal)));
}

async function fetchOnce(flags: Flags, terminal: Terminal): Promise<0 | 1> {
  const [client, pem, { svidFilesOf }] = await Promise.all([
    import('./workload-client.ts'),
    import('./svid-pem.ts'),
    import('./svid-files.ts'),
  ]);
  const socket = await workloadSocket(flags);
  const files: SvidFiles | undefined = await svidFilesOf(flags); // before anybody waits for us as for a holder
  try {
    const looks = flags.write === undefined && !flags.showKey;
    for await (const message of client.fetchX509Svids(socket, AbortSignal.timeout(flags.timeout), { looks })) {
      const found = chooseSvids(pem.pemSvids(message), flags);
      const first = found.svids[0];
      if (first === undefined) continue;
      await files?.write(first);
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
