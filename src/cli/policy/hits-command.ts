/**
 * `gatehouse policy hits`: which rules decide, how often and when last, and which never have.
 * @module
 */
import { Command } from 'commander';
import type { RuleRow, RulesAnswer } from '../../admin-api/seen/rules.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { deciderName, silenceOf } from '../edges/decider-text.ts';
import { action } from '../terminal/action.ts';
import { countOption } from '../terminal/number-options.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';

interface Flags extends AdminFlags {
  readonly limit: number;
  readonly never?: true;
  readonly policy?: string;
  readonly output: OutputFormat;
}

/** Exit code 0; a decider whose numbers are missing from the sums is named on stderr, and why `standing` is not known where it is not. */
export function policyHitsCommand(terminal: Terminal): Command {
  return new Command('hits')
    .description('show how often each rule in force has decided, summed over all deciders, and when last')
    .option('--never', 'only rules that have decided nothing')
    .option('--policy <name>', 'only the rules of this policy: NAMESPACE/NAME, or NAME of what has no namespace')
    .addOption(countOption('--limit <number>', 'how many at most, up to 100,000', { usual: 10_000, most: 100_000 }))
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse policy hits --never')
    .action(
      action<Flags>(terminal, async (flags) => {
        const { limit, never, policy } = flags;
        const question = {
          limit,
          standing: 'true' as const,
          ...(never && { never: 'true' as const }),
          ...(policy !== undefined && { policy }),
        };
        const client = await adminClient(flags);
        const answer = await client.ask('GET /v1/rules', question);
        show(terminal, flags.output, answer, (shown, look) =>
          textTable(
            ['POLICY', 'RULE', 'EFFECT', 'COUNT', 'LAST', 'SINCE', 'STANDING'],
            shown.rules.map((each) => [
              `${each.kind} ${nameOf(each)}`,
              ruleText(each),
              each.effect,
              each.counts === 'none' ? '' : String(each.count),
              each.lastAt?.slice(0, 19) ?? '',
              each.since.slice(0, 19),
              { text: standingText(each), style: each.count === 0 && each.counts !== 'none' ? 'bad' : 'good' },
            ]),
            never ? 'every rule that is asked for has decided something' : 'no such rule is in force',
            look,
          ),
        );
        for (const text of remarks(answer)) note(terminal, text);
        return 0;
      }),
    );
}

const nameOf = ({ namespace, name }: Pick<RuleRow, 'namespace' | 'name'>): string =>
  namespace === '' ? name : `${namespace}/${name}`;

/** The planes that read the same document count apart. */
const ruleText = ({ plane, direction, rule }: RuleRow): string =>
  `${rule}${direction === 'egress' ? ' egress' : ''}${plane === 'l4' ? ' l4' : ''}`;

/** What has decided nothing. */
const never: ReadonlyMap<RuleRow['standing'], string> = new Map([
  ['reachable', 'never hit'],
  ['unknown', 'never hit, unknown why'],
  ['unmet', 'met by no request'],
]);

function standingText({ counts, standing }: RuleRow): string {
  if (counts === 'none') return 'hands on';
  const text = never.get(standing) ?? standing;
  return counts === 'enforce' ? text : `${text} (${counts})`;
}

/** What the rows do not say. */
function* remarks({ rules, ruleCount, elsewhere, deciders, standingUnknown }: RulesAnswer): Iterable<string> {
  if (standingUnknown !== '')
    yield `whether a request could come to rules that have decided nothing is not known: ${standingUnknown}`;
  if (ruleCount > rules.length) yield `${ruleCount - rules.length} more rules: --limit`;
  for (const each of elsewhere)
    yield `decider ${each.decider} has counted ${each.count} of ${nameOf(each)} rule ${each.rule}, which is not in force here`;
  for (const each of deciders) {
    yield* silenceOf(each);
    const { decider, overflow } = each;
    const name = deciderName(decider);
    if (overflow > 0) yield `${overflow} decisions of ${name} have no row: there were too many different rules`;
  }
}
