/**
 * `gatehouse policy promote`: what to commit or apply so that the candidate comes in force, with all that is known of it.
 * @module
 */
import { Command, Option } from 'commander';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { durationOption } from '../terminal/number-options.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { acceptable, type RefusalCode } from './promote/refusals.ts';

interface Flags extends AdminFlags {
  readonly write?: string;
  readonly patch?: string;
  readonly minAge: number;
  readonly accept?: readonly RefusalCode[];
  readonly output: OutputFormat;
}

/** Exit code 0 if it may come in force (and is written, where that was asked for), 1 if it is refused, 2 if nobody can say. */
export function policyPromoteCommand(terminal: Terminal): Command {
  return new Command('promote')
    .description('write what brings the candidate in force, with the differences seen, the exact diff and the proofs')
    .option('--write <dir>', 'a new directory: the files, and PROMOTION.md')
    .addOption(new Option('--patch <file>', 'a patch for `git apply` in the directory of the configuration'))
    .addOption(
      durationOption('--min-age <duration>', 'how long it must have been compared', {
        ...{ usual: '24h', least: '0s', most: '3650d' },
      }),
    )
    .addOption(
      new Option('--accept <reasons...>', 'promote although it would be refused for these').choices([...acceptable]),
    )
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse policy promote\n  gatehouse policy promote --min-age 7d --patch promotion.patch',
    )
    .action(
      action<Flags>(terminal, async (flags) => {
        const [{ loadConfig }, { promotionOf }, { promotionText }, { writePromotion }] = await Promise.all([
          import('../../config/read-config.ts'),
          import('./promote/promotion.ts'),
          import('./promote/promotion-text.ts'),
          import('./promote/write-promotion.ts'),
        ]);
        const { config, minAge, accept = [], output } = flags;
        const client = await adminClient(flags);
        const promotion = await promotionOf(loadConfig(config), client, {
          minAgeMs: minAge,
          accepted: new Set(accept),
        });
        const { document, sets } = promotion;
        const written = document.promoted ? writePromotion(promotion, sets, flags) : [];
        show(terminal, output, { ...document, written }, (shown) => promotionText(shown));
        for (const { code, message, fix, accepted } of document.refusals)
          note(terminal, `${accepted ? 'accepted' : 'refused'}: ${code}: ${message}${accepted ? '' : ` (${fix})`}`);
        return document.promoted ? 0 : 1;
      }),
    );
}
