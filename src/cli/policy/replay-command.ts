/**
 * `gatehouse policy replay`: what would other policies have decided of what was asked?
 * @module
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { action } from '../terminal/action.ts';
import { plainLook } from '../terminal/look.ts';
import { jsonText, note, paint } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ProofFlags, proofOptions } from './proofs/proof-options.ts';

interface Flags extends ProofFlags {
  readonly with: string;
  readonly cannotSay: number;
  readonly all?: boolean;
  readonly output: 'json' | 'table';
}

/** Exit code 0 if all is decided as it was, 1 if something is not, 2 if of too many decisions nobody can say. */
export function policyReplayCommand(terminal: Terminal): Command {
  const command = new Command('replay')
    .description('decide every decision of a decision log again, by other policies, and say what differs')
    .argument('<log...>', 'files of the log, gzipped or not; - for standard input')
    .addOption(
      new Option(
        '--with <place>',
        'the policies: a configuration, a directory with one, files of policy, or git:REVISION:PATH of one of these',
      ).makeOptionMandatory(),
    )
    .addOption(
      new Option('--cannot-say <percent>', 'exit 2 if of more decisions nobody can say')
        .argParser(percent)
        .default(5, '5%'),
    )
    .addOption(new Option('--all', 'with --output json: a line of what is the same, too'));
  for (const option of proofOptions(['json', 'table']))
    if (!['policies', 'timeout'].includes(option.attributeName())) command.addOption(option);
  return command
    .addHelpText('after', '\nExample:\n  gatehouse policy replay decisions.log decisions.log.1.gz --with policies/')
    .action(
      action(terminal, async (flags: Flags, names) => {
        const [{ openPlaceBy }, { openReplaySide }, { replayLogs }, { replaySummary, replayText }, { shownProgress }] =
          await Promise.all([
            import('./proofs/open-place.ts'),
            import('./replay/open-replay-side.ts'),
            import('./replay/run-replay.ts'),
            import('./replay/replay-text.ts'),
            import('./proofs/progress.ts'),
          ]);
        const place = await openPlaceBy(openReplaySide, flags.with, flags);
        const progress = shownProgress(terminal, 'bytes');
        const tally = await replayLogs(names, place, {
          all: flags.all === true && flags.output === 'json',
          note: (text) => note(terminal, text),
          ...(flags.output === 'json' && { each: (shown) => terminal.out(jsonText(shown)) }),
          ...(progress && { progress }),
        });
        terminal.progress?.('');
        if (flags.output === 'json') terminal.out(jsonText(replaySummary(tally)));
        else paint(terminal, replayText(tally, terminal.look ?? plainLook));
        if (tally.decisions === 0 || tally.cannotSayPercent > flags.cannotSay) return 2;
        return tally.counts.differs > 0 ? 1 : 0;
      }),
    );
}

function percent(text: string): number {
  const value = /^[0-9]{1,3}(\.[0-9]+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(value <= 100)) throw new InvalidArgumentError('write a number from 0 to 100');
  return value;
}
