/**
 * `gatehouse edges`: who asks for whom, counted by the deciders.
 * @module
 */
import { Command } from 'commander';
import type { EdgesAnswer } from '../../admin-api/edges.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { countOption } from '../terminal/number-options.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';
import { deciderName, silenceOf } from './decider-text.ts';

interface Flags extends AdminFlags {
  readonly limit: number;
  readonly deny?: true;
  readonly requests?: true;
  readonly output: OutputFormat;
}

/** Exit code 0; a decider whose numbers cannot be relied on is named on stderr. */
export function edgesCommand(terminal: Terminal): Command {
  return new Command('edges')
    .description('show who asked for whom since the deciders were started, and how often it was allowed and denied')
    .addOption(countOption('--limit <number>', 'how many at most, up to 20,000', { usual: 1_000, most: 20_000 }))
    .option('--deny', 'only what was denied')
    .option('--requests', 'by method and shape of path, too: numbers and ids read {*}')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse edges --deny')
    .action(
      action<Flags>(terminal, async (flags) => {
        const { limit, deny, requests } = flags;
        if (requests) return (await import('./show-requests.ts')).showRequests(terminal, flags);
        const question = { limit, ...(deny && { decision: 'deny' as const }) };
        const answer = await (await adminClient(flags)).ask('GET /v1/edges', question);
        show(terminal, flags.output, answer, (shown, look) =>
          textTable(
            ['CALLER', 'DESTINATION', 'PORT', 'PROTOCOL', 'DECISION', 'COUNT', 'LAST', 'DECIDER'],
            shown.edges.map((each) => [
              each.caller === '' ? 'unknown' : each.caller,
              each.destination === '' ? 'unknown' : each.destination,
              each.port === null ? '' : String(each.port),
              each.protocol,
              { text: each.decision, style: each.decision === 'deny' ? 'bad' : 'good' },
              String(each.count),
              each.lastAt.slice(0, 19),
              each.decider ?? 'here',
            ]),
            deny ? 'nothing was denied' : 'nothing was asked yet',
            look,
          ),
        );
        for (const text of remarks(answer)) note(terminal, text);
        return 0;
      }),
    );
}

/** What the rows do not say. */
function* remarks({ edges, edgeCount, deciders }: EdgesAnswer): Iterable<string> {
  if (edgeCount > edges.length) yield `${edgeCount - edges.length} more rows: --limit`;
  for (const each of deciders) {
    yield* silenceOf(each);
    const { decider, overflow } = each;
    const name = deciderName(decider);
    const uncounted = overflow.allowed + overflow.denied;
    if (uncounted > 0) yield `${uncounted} Checks of ${name} have no row: there were too many different ones`;
  }
}
