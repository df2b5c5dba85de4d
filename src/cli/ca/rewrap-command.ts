/**
 * `gatehouse ca rewrap`: wraps all keys with another key-encryption key, while the server serves.
 * @module
 */
import { Command } from 'commander';
import type { RewrapAnswer } from '../../admin-api/keys.ts';
import { type ErrorCode, GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import { showRefusal } from '../terminal/refusal.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends AdminFlags {
  readonly output: OutputFormat;
  readonly reason: string;
}

const refusals: readonly ErrorCode[] = ['slot_state', 'key_invalid', 'unreachable'];

/** Exit code 0 when every key is under the new one, 1 when refused, or when some cannot be read. */
export function caRewrapCommand(terminal: Terminal): Command {
  return new Command('rewrap')
    .description('wrap all keys with the first key of authority.keyEncryptionKeyFile, while the server serves')
    .option('--reason <text>', 'why; kept in the audit (gatehouse ca log)', '')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Write the new key (32 bytes, base64) as the first line of the file, and leave the former one as the second: on every replica. The
file is read again by itself. After it is done the former line can go, and what was backed up before needs it still. Should the
server end in the middle, the next start goes on; so does the same order.

Example:
  # before: { head -c 32 /dev/urandom | base64; cat kek; } > kek.new && mv kek.new kek
  gatehouse ca rewrap --reason "yearly"`,
    )
    .action(action<Flags>(terminal, async (flags) => rewrap(flags, terminal)));
}

async function rewrap(flags: Flags, terminal: Terminal): Promise<0 | 1> {
  const { output, reason } = flags;
  const client = await adminClient(flags);
  try {
    const answer = await client.ask('POST /v1/keys/rewrap', { reason });
    show(terminal, output, answer, textOf);
    return answer.done ? 0 : 1;
  } catch (thrown) {
    if (thrown instanceof GatehouseError && 'address' in thrown.details) throw thrown; // it is the server that was not reached
    return showRefusal(terminal, output, thrown, { refusals, what: 'not done' });
  }
}

function textOf({ done, keyEncryptionKey, keys, rewrapped, unreadable }: RewrapAnswer): string {
  const head = `${rewrapped} of ${keys} keys were wrapped anew, with the key-encryption key ${keyEncryptionKey}\n`;
  if (done) return `${head}the other lines of keyEncryptionKeyFile can go\n`;
  return `${head}${unreadable.map((each) => `cannot be read: ${each}\n`).join('')}keep the former key until that is settled\n`;
}
