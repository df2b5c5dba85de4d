/**
 * `gatehouse policy suggest`: the least policies that allow what was seen.
 * @module
 */
import { Command, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { adminOption, svidOption } from '../admin/admin-client.ts';
import { action } from '../terminal/action.ts';
import { durationOption, LONGEST_WAIT } from '../terminal/number-options.ts';
import { jsonText, note } from '../terminal/output.ts';
import type { ExitCode, Terminal } from '../terminal/terminal.ts';
import { proofOptions } from './proofs/proof-options.ts';
import type { TightenFlags } from './suggest/show-tighten.ts';

interface Flags extends TightenFlags {
  readonly tighten?: true;
}

/** Exit code 0: suggested; 1: nothing was, for what was seen has gaps; 2: nobody can say, or nobody called. */
export function policySuggestCommand(terminal: Terminal): Command {
  const command = new Command('suggest')
    .description(
      'write the least AuthorizationPolicies and NetworkPolicies that allow what the deciders have seen allowed',
    )
    .argument(
      '[names...]',
      'NAMESPACE/SERVICEACCOUNT of the workloads that were called, with --tighten NAMESPACE/NAME of the policies (else all)',
    )
    .option('--tighten', 'instead: a patch that takes out what policies allow and nobody has used')
    .option('--write-patch <file>', 'with --tighten: write the patch there')
    .addOption(
      durationOption('--min-window <duration>', 'how long all deciders must have counted', {
        usual: '7d',
        least: '0s',
        most: LONGEST_WAIT,
      }),
    )
    .option('--accept-gaps', 'suggest although something was dropped or the window is shorter')
    .option('--seen <file>', 'in place of a server: the answer of GET /v1/requests, JSON')
    .option('--seen-rules <file>', 'with --tighten and --seen: the answer of GET /v1/rules, JSON')
    .addOption(
      new Option('--output <format>', 'table: the policies as YAML; json: them, the notes and what changes')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addOption(adminOption())
    .addOption(svidOption());
  for (const option of proofOptions([])) if (option.attributeName() !== 'output') command.addOption(option);
  return command.addHelpText('after', EXAMPLES).action(
    action<Flags>(terminal, async (flags, workloads): Promise<ExitCode> => {
      refuseMixed(flags);
      if (flags.tighten === true) {
        const { showTighten } = await import('./suggest/show-tighten.ts');
        return showTighten(flags, workloads, terminal);
      }
      const [
        { seenEdges },
        { suggest },
        { openSide },
        { orUnknown },
        { seenRequests },
        { nativeGaps },
        { refuseForGaps },
      ] = await Promise.all([
        import('../../analysis/suggest/seen-edges.ts'),
        import('../../analysis/suggest/suggest.ts'),
        import('./proofs/open-side.ts'),
        import('./proofs/unknown.ts'),
        import('./suggest/seen-counts.ts'),
        import('../../analysis/suggest/count-gaps.ts'),
        import('./suggest/refuse-for-gaps.ts'),
      ]);
      const { requests, envoys } = await seenRequests(flags);
      const { edges, gaps: missing } = seenEdges(requests, Date.now(), flags.minWindow);
      const gaps = [...missing, ...nativeGaps(envoys)];
      if (refuseForGaps(gaps, flags, terminal)) return 1;
      const wanted = workloads.length === 0 ? edges : edges.filter((edge) => workloads.includes(nameOf(edge)));
      refuseUncalled(workloads, edges.map(nameOf));
      const side = await openSide({ ...flags, output: 'json' }, flags.config);
      return orUnknown(terminal, flags.output, () => {
        const made = suggest({ ...side, trustedHops: side.options.trustedHops }, wanted, () => {});
        const { added, removed } = made.difference;
        for (const text of made.notes) note(terminal, text);
        note(
          terminal,
          `by these ${added.length} pairs are newly allowed something, and ${removed.length} newly denied something`,
        );
        if (flags.output === 'json')
          terminal.out(
            jsonText(
              {
                suggested: true,
                gaps,
                notes: made.notes,
                documents: made.documents,
                newlyAllowed: added.length,
                newlyDenied: removed.length,
              },
              1,
            ),
          );
        else terminal.out(made.documents.map(({ text }) => text).join('---\n'));
        return 0;
      });
    }),
  );
}

const nameOf = ({
  namespace,
  serviceAccount,
}: {
  readonly namespace: string;
  readonly serviceAccount: string;
}): string => `${namespace}/${serviceAccount}`;

const EXAMPLES = `
Examples:
  gatehouse policy suggest --min-window 1d > suggested.yaml
  gatehouse policy suggest --tighten --write-patch tighter.patch`;

/** @throws GatehouseError `usage_invalid` where a flag belongs to the other use */
function refuseMixed({ tighten, writePatch, seen, seenRules }: Flags): void {
  const wrong =
    tighten === true
      ? (seen === undefined) !== (seenRules === undefined) && '--seen and --seen-rules go together'
      : (writePatch ?? seenRules) !== undefined && '--write-patch and --seen-rules are for --tighten';
  if (wrong !== false) throw new GatehouseError('usage_invalid', wrong);
}

/** @throws GatehouseError `not_found` naming those that nobody was seen to call */
function refuseUncalled(workloads: readonly string[], called: readonly string[]): void {
  const uncalled = workloads.filter((each) => !called.includes(each));
  if (uncalled.length > 0)
    throw new GatehouseError(
      'not_found',
      `nobody was seen to call ${uncalled.join(', ')}, so that there is nothing to allow: a workload is named NAMESPACE/SERVICEACCOUNT; gatehouse edges --requests shows what was seen`,
    );
}
