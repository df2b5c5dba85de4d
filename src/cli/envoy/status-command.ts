/**
 * `gatehouse envoy status`: Envoys that decide themselves, and which version of their policy each has.
 * @module
 */
import { Command } from 'commander';
import type { EnvoysAnswer } from '../../admin-api/envoys.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import type { Look } from '../terminal/look.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type Cell, textTable } from '../terminal/text-table.ts';

/** Exit code 0 if every Envoy has what it was sent, 1 if one has refused it or has not answered. */
export function envoyStatusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('show the Envoys that decide themselves, which version of their policy each has, and who refused it')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  gatehouse envoy status\n  gatehouse envoy status --output json')
    .action(
      action<AdminFlags & { output: OutputFormat }>(terminal, async (flags) => {
        const answer = await (await adminClient(flags)).ask('GET /v1/envoys');
        show(terminal, flags.output, answer, statusText);
        for (const text of remarks(answer)) note(terminal, text);
        return answer.envoys.some(({ state }) => state === 'refused' || state === 'waiting') ? 1 : 0;
      }),
    );
}

/** What is decided and not told is seen nowhere here. */
function* remarks({ envoys }: EnvoysAnswer): Iterable<string> {
  const mute = envoys.filter(({ state, reported }) => state === 'holds' && reported === 0);
  if (mute.length === 0) return;
  yield `${mute.length} of ${envoys.length} Envoys have told of no request that they decided: decisions, edges and counts of rules lack those (docs/native.md, What is seen)`;
}

const styles = { holds: 'good', asks: 'warning', waiting: 'warning', refused: 'bad', nothing: 'dim' } as const;

function statusText({ envoys }: EnvoysAnswer, look: Look): string {
  const rows = envoys.flatMap(({ spiffeId, node, version, state, configs }): Cell[][] => {
    const who = [spiffeId, node === spiffeId ? '' : node, version === '' ? 'unknown' : version];
    if (configs.length === 0) return [[...who, '', { text: state, style: styles[state] }, '', '']];
    return configs.map((each) => [
      ...who,
      each.resource,
      { text: each.state, style: styles[each.state] },
      each.version === '' ? 'none' : each.version,
      each.refused?.words ?? each.asks,
    ]);
  });
  const headings = ['IDENTITY', 'NODE', 'ENVOY', 'FILTER', 'STATE', 'VERSION', 'WHY'];
  return textTable(headings, rows, 'no Envoy follows its policy at this server', look);
}
