/**
 * `gatehouse edges --requests`: edges by method and shape of path.
 * @module
 */
import type { RequestsAnswer } from '../../admin-api/seen/requests.ts';
import { type AdminFlags, adminClient } from '../admin/admin-client.ts';
import { note, type OutputFormat, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';
import { deciderName, silenceOf } from './decider-text.ts';

interface Flags extends AdminFlags {
  readonly limit: number;
  readonly deny?: true;
  readonly output: OutputFormat;
}

/** Prints them; exit code 0. What the rows lack is said on stderr. */
export async function showRequests(terminal: Terminal, flags: Flags): Promise<0> {
  const question = { limit: flags.limit, ...(flags.deny && { decision: 'deny' as const }) };
  const answer = await (await adminClient(flags)).ask('GET /v1/requests', question);
  show(terminal, flags.output, answer, (shown, look) =>
    textTable(
      ['CALLER', 'DESTINATION', 'PORT', 'METHOD', 'PATH', 'DECISION', 'COUNT', 'LAST', 'DECIDER'],
      shown.requests.map((each) => [
        each.caller === '' ? 'unknown' : each.caller,
        each.destination === '' ? 'unknown' : each.destination,
        each.port === null ? '' : String(each.port),
        each.method ?? each.protocol,
        each.path ?? '',
        { text: each.decision, style: each.decision === 'deny' ? 'bad' : 'good' },
        String(each.count),
        each.lastAt.slice(0, 19),
        each.decider ?? 'here',
      ]),
      flags.deny ? 'nothing was denied' : 'nothing was asked yet',
      look,
    ),
  );
  for (const text of remarks(answer)) note(terminal, text);
  return 0;
}

function* remarks({ requests, requestCount, deciders }: RequestsAnswer): Iterable<string> {
  if (requestCount > requests.length) yield `${requestCount - requests.length} more rows: --limit`;
  for (const each of deciders) {
    yield* silenceOf(each);
    const { decider, overflow, unshaped, lost } = each;
    const name = deciderName(decider);
    const [edges, shapes] = [overflow.allowed + overflow.denied, unshaped.allowed + unshaped.denied];
    if (edges > 0) yield `${edges} Checks of ${name} have no row: there were too many different ones`;
    if (shapes > 0) yield `${shapes} requests of ${name} have no method and path: there were too many different ones`;
    if (lost > 0) yield `${lost} processes of ${name} ended without a last word: what they counted last is lost`;
  }
}
