/**
 * `gatehouse policy suggest`: the least policies that allow what was seen.
 * @module
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { RequestsAnswer } from '../../admin-api/seen/requests.ts';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configFile } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { durationOption, LONGEST_WAIT } from '../terminal/number-options.ts';
import { jsonText, note, type OutputFormat } from '../terminal/output.ts';
import type { ExitCode, Terminal } from '../terminal/terminal.ts';
import { type ProofFlags, proofOptions } from './proofs/proof-options.ts';

interface Flags extends Omit<ProofFlags, 'output'>, Omit<AdminFlags, 'config'> {
  readonly minWindow: number;
  readonly acceptGaps?: true;
  readonly seen?: string;
  readonly output: OutputFormat;
}

/** Exit code 0: suggested; 1: nothing was, for what was seen has gaps; 2: nobody can say, or nobody called. */
export function policySuggestCommand(terminal: Terminal): Command {
  const command = new Command('suggest')
    .description(
      'write the least AuthorizationPolicies and NetworkPolicies that allow what the deciders have seen allowed',
    )
    .argument('[workloads...]', 'NAMESPACE/SERVICEACCOUNT of the workloads that were called (else all)')
    .addOption(
      durationOption('--min-window <duration>', 'how long all deciders must have counted', {
        usual: '7d',
        least: '0s',
        most: LONGEST_WAIT,
      }),
    )
    .option('--accept-gaps', 'suggest although something was dropped or the window is shorter')
    .option('--seen <file>', 'in place of a server: the answer of GET /v1/requests, JSON')
    .addOption(
      new Option('--output <format>', 'table: the policies as YAML; json: them, the notes and what changes')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addOption(adminOption())
    .addOption(svidOption());
  for (const option of proofOptions([])) if (option.attributeName() !== 'output') command.addOption(option);
  return command.addHelpText('after', '\nExample:\n  gatehouse policy suggest --min-window 1d > suggested.yaml').action(
    action<Flags>(terminal, async (flags, workloads): Promise<ExitCode> => {
      const [{ seenEdges }, { suggest }, { openSide }, { orUnknown }] = await Promise.all([
        import('../../analysis/suggest/seen-edges.ts'),
        import('../../analysis/suggest/suggest.ts'),
        import('./proofs/open-side.ts'),
        import('./proofs/unknown.ts'),
      ]);
      const { edges, gaps } = seenEdges(await answerOf(flags), Date.now(), flags.minWindow);
      for (const gap of gaps) note(terminal, gap);
      if (gaps.length > 0 && flags.acceptGaps !== true) {
        note(terminal, 'nothing is suggested: what was seen is not the whole; --accept-gaps suggests all the same');
        return 1;
      }
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

/** @throws GatehouseError `not_found` naming those that nobody was seen to call */
function refuseUncalled(workloads: readonly string[], called: readonly string[]): void {
  const uncalled = workloads.filter((each) => !called.includes(each));
  if (uncalled.length > 0)
    throw new GatehouseError(
      'not_found',
      `nobody was seen to call ${uncalled.join(', ')}, so that there is nothing to allow: a workload is named NAMESPACE/SERVICEACCOUNT; gatehouse edges --requests shows what was seen`,
    );
}

async function answerOf(flags: Flags): Promise<RequestsAnswer> {
  if (flags.seen === undefined)
    return (await adminClient({ ...flags, config: configFile(flags.config) })).ask('GET /v1/requests', {
      limit: 100_000,
    });
  const { requestsAnswer } = await import('../../admin-api/seen/requests.ts');
  const read = requestsAnswer.safeParse(JSON.parse(readFileSync(flags.seen, 'utf8')));
  if (!read.success)
    throw new GatehouseError(
      'message_invalid',
      `${flags.seen} is no answer of GET /v1/requests: ${read.error.issues[0]?.path.join('.')}`,
    );
  return read.data;
}
