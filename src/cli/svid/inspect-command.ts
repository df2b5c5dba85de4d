/**
 * `gatehouse svid inspect`: what an SVID is, whether it is good, and where it departs from the standards.
 * @module
 */
import { Command } from 'commander';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags {
  readonly bundle?: string;
  readonly key?: string;
  readonly audience?: string;
  readonly output: OutputFormat;
}

/** Exit code 0 in order, 1 not, 2 if it cannot be read or is no SVID. */
export function svidInspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('look into an SVID: its ID, validity, chain and key, whether a bundle verifies it, what it breaks')
    .argument('[file]', 'certificates or key in PEM, a token, or a directory that has them; - for standard input', '-')
    .option('--bundle <file>', 'verify by it: PEM, or a JWK Set (default: bundle.pem beside)')
    .option('--key <file>', 'compare with this private key (default: key.pem beside svid.pem)')
    .option('--audience <audience>', 'whom a token must be for (default: whomever it names first)')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse svid inspect /run/details/svid\n  gatehouse jwt fetch --audience details | gatehouse svid inspect - --bundle bundle.json',
    )
    .action(
      action<Flags>(terminal, async (flags, [place = '-']) => {
        const [{ givenSvid }, { inspectSvid }, { reportText }] = await Promise.all([
          import('./inspect/given-svid.ts'),
          import('./inspect/inspect-svid.ts'),
          import('./inspect/report-text.ts'),
        ]);
        const { audience } = flags;
        const given = givenSvid({ place, ...flags });
        const report = await inspectSvid(given, { now: Date.now(), ...(audience !== undefined && { audience }) });
        show(terminal, flags.output, report, reportText);
        return report.inOrder ? 0 : 1;
      }),
    );
}
