/**
 * `gatehouse policy candidate`: what the candidate set of a running server would change, as live traffic shows it.
 * @module
 */
import { Command, Option } from 'commander';
import type { CandidateAnswer, CandidateDifference } from '../../admin-api/candidate.ts';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { countOption } from '../terminal/number-options.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type Cell, textTable } from '../terminal/text-table.ts';

interface Flags extends AdminFlags {
  readonly limit: number;
  readonly order: 'rarest' | 'newest' | 'most';
  readonly result?: CandidateDifference['result'];
  readonly output: OutputFormat;
}

/** Exit code 0 if no Check would have been answered in another way, 1 if some would; 2 if there is no candidate, or it is broken. */
export function policyCandidateCommand(terminal: Terminal): Command {
  return new Command('candidate')
    .description('show what the candidate set of a running server would change, as live traffic shows it')
    .addOption(countOption('--limit <number>', 'how many differences at most, up to 1,024', { usual: 20, most: 1_024 }))
    .addOption(
      new Option('--order <order>', 'which come first').choices(['rarest', 'newest', 'most']).default('rarest'),
    )
    .addOption(
      new Option('--result <result>', 'only differences of one kind').choices([
        ...['allow_to_deny', 'deny_to_allow', 'other_answer', 'error'],
      ]),
    )
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse policy candidate\n  gatehouse policy candidate --result allow_to_deny --order most --output json',
    )
    .action(
      action<Flags>(terminal, async (flags) => {
        const { limit, order, result, output } = flags;
        const question = {
          limit,
          order,
          derive: output === 'json' ? 'true' : 'false',
          ...(result && { result }),
        } as const;
        const answer = await (await adminClient(flags)).ask('GET /v1/candidate', question);
        if (answer.state === 'absent')
          throw new GatehouseError('not_found', 'there is no candidate: name one in policies.candidate.paths');
        show(terminal, output, answer, (shown, look) =>
          textTable(
            ['RESULT', 'CALLER', 'DESTINATION', 'METHOD', 'PATH', 'COUNT', 'LAST', 'IN FORCE', 'CANDIDATE', 'DECISION'],
            shown.differences.map(rowOf),
            shown.state === 'broken' ? 'nothing is compared' : 'nothing differs',
            look,
          ),
        );
        for (const text of remarks(answer)) note(terminal, text);
        if (answer.state === 'broken') return 2;
        return differencesIn(answer) > 0 ? 1 : 0;
      }),
    );
}

/** How many Checks would have been answered in another way. */
export function differencesIn({ counts }: Pick<CandidateAnswer, 'counts'>): number {
  return counts.allow_to_deny + counts.deny_to_allow + counts.other_answer + counts.error;
}

function rowOf(each: CandidateDifference): Cell[] {
  const isWider = each.result === 'deny_to_allow';
  return [
    { text: each.result, style: isWider ? 'warning' : 'bad' },
    each.caller === '' ? 'unknown' : each.caller,
    each.destination === '' ? 'unknown' : each.destination,
    each.method,
    each.example.request?.path ?? '',
    String(each.count),
    each.lastAt.slice(0, 19),
    saidBy(each.inForce),
    saidBy(each.candidate),
    each.example.id,
  ];
}

const saidBy = ({ reason, policy, rule }: CandidateDifference['inForce']): string =>
  `${reason}${policy === null ? '' : ` ${policy}${rule === null ? '' : ` rule ${rule}`}`}`;

/** What the rows do not say. */
function* remarks(answer: CandidateAnswer): Iterable<string> {
  const { state, why, since, counts, error, lacks, pushedOut, differences, differenceCount } = answer;
  if (state === 'broken') {
    yield `the candidate is broken and is not asked: ${why}`;
    return;
  }
  const all = counts.same + differencesIn(answer);
  yield `${all} Checks compared since ${since ?? ''}: ${differencesIn(answer)} differ, ${counts.skipped} were skipped`;
  if (counts.unsaid > 0)
    yield `of ${counts.unsaid} requests that Envoys have decided themselves nobody can say: they do not tell ${lacks.map(({ fact }) => fact).join(', ')}`;
  if (error !== '') yield `the candidate has failed: ${error}`;
  if (pushedOut > 0) yield `${pushedOut} differences have no row: there were too many kinds`;
  if (differenceCount > differences.length) yield `${differenceCount - differences.length} more rows: --limit`;
}
