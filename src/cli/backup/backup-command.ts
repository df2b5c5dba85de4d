/**
 * `gatehouse backup FILE`: the whole authority, taken from the running server.
 * @module
 */
import { Command } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { replaceFile } from '../../platform/storage/replace-file.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** The file (0600) is whole, or not there. */
export function backupCommand(terminal: Terminal): Command {
  return new Command('backup')
    .description('write slots, keys, ledger, audit and revocations to one sealed file, while the server serves')
    .argument('<file>', 'where to')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
The file is sealed with the key of authority.keyEncryptionKeyFile: keep that key apart from it, and neither is of use alone.

Example:
  gatehouse backup /backup/gatehouse-$(date +%F).ghbk`,
    )
    .action(
      action<AdminFlags & { output: OutputFormat }>(terminal, async (flags, [file = '']) => {
        const client = await adminClient(flags);
        const bytes = await writeWhole(file, await client.ask('POST /v1/backup'));
        show(terminal, flags.output, { done: true, file, bytes }, (shown) => `${shown.file}: ${shown.bytes} bytes\n`);
        return 0;
      }),
    );
}

/** Answers how many bytes it has. */
async function writeWhole(file: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      bytes += piece.length;
      yield piece;
    }
  };
  try {
    await replaceFile(file, counted(), 0o600);
    return bytes;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GatehouseError(
      'store_unavailable',
      `the backup could not be written: ${reason}`,
      { file },
      { cause: thrown },
    );
  }
}
