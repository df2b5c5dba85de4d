/**
 * `gatehouse decisions`: what was decided lately, and what is decided now.
 * @module
 */
import { Command, Option } from 'commander';
import type { Question } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { plainLook } from '../terminal/look.ts';
import { countOption } from '../terminal/number-options.ts';
import { jsonText, note, type OutputFormat, outputOption, paint, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends AdminFlags {
  readonly follow?: true;
  readonly deny?: true;
  readonly allow?: true;
  readonly from?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly request?: string;
  readonly limit: number;
  readonly count?: number;
  readonly output: OutputFormat;
}

/** Exit code 0, whatever was decided; with `--follow` on SIGINT or SIGTERM, or after `--count`. */
export function decisionsCommand(terminal: Terminal): Command {
  return new Command('decisions')
    .description('list the latest decisions, oldest first, or follow them as they are made')
    .option('-f, --follow', 'go on showing what is decided, also over a restart of the server')
    .addOption(new Option('--deny', 'only what was denied').conflicts('allow'))
    .addOption(new Option('--allow', 'only what was allowed'))
    .option('--from <who>', 'only what they asked: a SPIFFE ID, NAMESPACE/SERVICEACCOUNT, a namespace or an address')
    .option('--to <whom>', 'only what they were asked: a SPIFFE ID, NAMESPACE/SERVICEACCOUNT or a namespace')
    .option('--reason <reason>', 'only what fell for that reason, such as no_rule_allowed')
    .option('--request <id>', 'only those of a request by its x-request-id, which may be several')
    .addOption(countOption('--limit <number>', 'how many at most, up to 2,048', { usual: 100, most: 2_048 }))
    .addOption(countOption('--count <number>', 'with --follow: end after that many'))
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse decisions --deny --to default/details --limit 20\n  gatehouse decisions -f --deny --output json',
    )
    .action(
      action<Flags>(terminal, async (flags) => {
        const client = await adminClient(flags);
        const question = questionOf(flags);
        if (flags.follow === true) {
          const { followDecisions } = await import('./follow.ts');
          return await followDecisions(client, question, {
            count: flags.count,
            show: await eachOf(flags, terminal),
            note: (text) => note(terminal, text),
          });
        }
        const answer = await client.ask('GET /v1/decisions', question);
        refuseOlder(answer, question);
        const { decisionLine } = await import('./decision-line.ts');
        show(terminal, flags.output, answer, ({ decisions }, look) =>
          decisions.length === 0
            ? 'no such decision is kept\n'
            : decisions
                .toReversed()
                .map((each) => decisionLine(each, look))
                .join(''),
        );
        return 0;
      }),
    );
}

function questionOf({ deny, allow, from, to, reason, request, limit }: Flags): Question<'GET /v1/decisions'> {
  const decision = deny === true ? 'deny' : allow === true ? 'allow' : undefined;
  return { limit, decision, from, to, reason, request };
}

/** A server that does not know the filters would show all. @throws GatehouseError `not_supported` */
function refuseOlder(
  { next }: { readonly next?: string | undefined },
  { decision, from, to, reason, request }: Question<'GET /v1/decisions'>,
): void {
  if (next !== undefined || [decision, from, to, reason, request].every((each) => each === undefined)) return;
  throw new GatehouseError(
    'not_supported',
    'that server is older than this program and cannot choose decisions: ask for all, or use its own program',
  );
}

/** Shows one decision: a line of JSON, or one for people. */
async function eachOf({ output }: Flags, terminal: Terminal) {
  const { decisionLine } = await import('./decision-line.ts');
  const look = terminal.look ?? plainLook;
  return (row: Parameters<typeof decisionLine>[0]): void => {
    if (output === 'json') terminal.out(jsonText(row));
    else paint(terminal, decisionLine(row, look));
  };
}
