/**
 * `gatehouse backup FILE`: the whole authority, taken from the running server.
 * @module
 */
import { Command } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { headerIn, MAX_HEADER_BYTES } from '../../identity/authority/recover/backup.ts';
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
        const written = await writeWhole(file, await client.ask('POST /v1/backup'));
        show(terminal, flags.output, { done: true, file, ...written }, textOf);
        return 0;
      }),
    );
}

interface Written {
  readonly bytes: number;
  /** The labels of tokens that keys are on, which are not in it. */
  readonly keysOnTokens: readonly string[];
}

const textOf = ({ file, bytes, keysOnTokens }: Written & { readonly file: string }): string =>
  [
    `${file}: ${bytes} bytes`,
    ...keysOnTokens.map(
      (label) =>
        `keys on the PKCS#11 token ${label} are not in it, only references to them: restore needs that token, or a backup of it`,
    ),
    '',
  ].join('\n');

async function writeWhole(file: string, pieces: AsyncIterable<Uint8Array>): Promise<Written> {
  let bytes = 0;
  let beginning = Buffer.alloc(0);
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      if (bytes < MAX_HEADER_BYTES) beginning = Buffer.concat([beginning, piece]);
      bytes += piece.length;
      yield piece;
    }
  };
  try {
    await replaceFile(file, counted(), 0o600);
    return { bytes, keysOnTokens: headerIn(beginning)?.keysOnTokens ?? [] };
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
