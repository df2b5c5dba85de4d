/**
 * `gatehouse restore FILE`: a backup into the store of the configuration, while no Gatehouse uses it.
 * @module
 */
import { Command } from 'commander';
import type { ErrorCode } from '../../errors.ts';
import type { Restored } from '../../identity/authority/recover/restore.ts';
import { type ConfigFlag, configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import { showRefusal } from '../terminal/refusal.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends ConfigFlag {
  readonly output: OutputFormat;
  readonly fromEmpty?: boolean;
  readonly reason: string;
}

const refusals: readonly ErrorCode[] = [
  'store_locked',
  'store_unusable',
  'not_sound',
  'slot_state',
  'keys_unavailable',
];

/** Exit code 0 restored, 1 refused: nothing was changed. */
export function restoreCommand(terminal: Terminal): Command {
  return new Command('restore')
    .description('bring a backup into the store of the configuration; the server must not run')
    .argument('<file>', 'what gatehouse backup wrote')
    .option(
      '--from-empty',
      'the store is lost: trust again what was revoked or rotated out since the backup; needs --reason',
    )
    .option('--reason <text>', 'why; kept in the audit', '')
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Nothing goes back: sequences go on above whatever was published since the backup, issuances are added to those that are there,
and of each authority and revocation the later state stands, the store's or the backup's. A store that knows no authority is
refused without --from-empty.

Example:
  gatehouse restore /backup/gatehouse.ghbk --config /etc/gatehouse/gatehouse.yaml --from-empty --reason "disk lost"`,
    )
    .action(
      action<Flags>(terminal, async (flags, [file = '']) => {
        const { restoreOffline } = await import('../../server/authority/restore-offline.ts');
        try {
          const { fromEmpty = false, reason } = flags;
          const restored = await restoreOffline(flags.config, file, { fromEmpty, reason });
          show(terminal, flags.output, documentOf(restored), textOf);
          return 0;
        } catch (thrown) {
          return showRefusal(terminal, flags.output, thrown, { refusals, what: 'not restored' });
        }
      }),
    );
}

function documentOf({ createdAt, ageMs, later, active, trustDomain }: Restored & { readonly trustDomain: string }) {
  const made = { createdAt: new Date(createdAt).toISOString(), ageSeconds: Math.floor(ageMs / 1000) };
  return { done: true, trustDomain, ...made, later, active };
}

const meaning = {
  empty:
    'the store knew nothing: what was revoked or rotated out since then is trusted again, and join tokens are gone',
  store: 'the store knew more: its authorities and revocations stand as they were',
  backup: 'the backup knew more: its authorities and revocations stand now',
  parted: 'both knew something of their own: of each authority and revocation the state that trusts less stands',
} as const satisfies Record<Restored['later'], string>;

function textOf({ trustDomain, createdAt, ageSeconds, later, active }: ReturnType<typeof documentOf>): string {
  const age = ageSeconds < 0 ? 'in the future by this clock: look at the clock' : `${ageText(ageSeconds)} ago`;
  return [
    `restored ${trustDomain} from a backup made ${createdAt}, ${age}`,
    meaning[later],
    ...active.map(({ use, id }) => `active ${use} authority: ${id}`),
    'start the server now',
    '',
  ].join('\n');
}

/** The two largest units, e.g. `3 d 4 h`. */
function ageText(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const parts = units.map(([name, size], at) => {
    const above = units[at - 1]?.[1] ?? Number.POSITIVE_INFINITY;
    return [Math.floor((seconds % above) / size), name] as const;
  });
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .map(([count, name]) => `${count} ${name}`)
    .join(' ');
}
