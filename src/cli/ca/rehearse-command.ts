/**
 * `gatehouse ca rehearse`: what a rotation that began now would do, before it is done.
 * @module
 */
import { Command } from 'commander';
import type { BreakageRow, ForecastAnswer } from '../../admin-api/rehearsal.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import type { Look } from '../terminal/look.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { textTable } from '../terminal/text-table.ts';
import { blockerTable, lengthText } from './blockers.ts';
import { type UseFlags, useOf, useOptions } from './order.ts';

/** Exit code 0 when waiting is all that a rotation needs, 1 when somebody would not be ready by it. */
export function caRehearseCommand(terminal: Terminal): Command {
  const command = new Command('rehearse').description(
    'say what a rotation would do: when each step is safe, who would break, how much is signed',
  );
  for (const option of useOptions()) command.addOption(option);
  return command
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Runs the steps on a copy of the ledger, under virtual time, with the latencies that were observed. Nothing is changed; the
forecast is kept, and gatehouse ca rotate compares it with what really came.

Example:
  gatehouse ca rehearse --output json`,
    )
    .action(
      action<AdminFlags & UseFlags & { output: OutputFormat }>(terminal, async (flags) => {
        const client = await adminClient(flags);
        const forecast = await client.ask('POST /v1/rehearsal', { use: useOf(flags) });
        show(terminal, flags.output, forecast, textOf);
        return forecast.activateSafeAt === null ? 1 : 0;
      }),
    );
}

const MOST_PAIRS = 20;

function textOf(forecast: ForecastAnswer, look: Look): string {
  const startAt = Date.parse(forecast.startAt);
  const after = (at: string | null): string =>
    at === null ? 'not by waiting alone' : `+ ${lengthText(Date.parse(at) - startAt)}`;
  const {
    use,
    liveSvids,
    signingPeakPerSecond: peak,
    pacing,
    laggards,
    laggardCount,
    ifActivatedAtOnce,
    ifOverridden,
  } = forecast;
  const steps = textTable(
    ['STEP', 'SAFE'],
    [
      ['prepare', 'at once'],
      ['activate', after(forecast.activateSafeAt)],
      ['taint', after(forecast.taintSafeAt)],
      ['revoke', after(forecast.revokeSafeAt)],
    ],
    '',
    look,
  );
  const renewals =
    use === 'jwt'
      ? `${liveSvids} tokens are out; they are fetched anew as they expire\n`
      : `${liveSvids} SVIDs to renew, at most ${pacing.renewalsPerSecond} a second: ` +
        `${pacing.canaries} canaries, ${lengthText(pacing.canaryHoldMs)} of watching them, all within ${lengthText(pacing.spreadMs)}; ` +
        `signing peak ${peak.paced}/s, without pacing ${peak.allAtOnce}\n`;
  const waiting =
    laggards.length === 0
      ? 'everybody who is connected will be ready by waiting\n'
      : `not ready by waiting:\n${blockerTable({ blockers: laggards, blockerCount: laggardCount, etaSeconds: null }, startAt, look)}${breakText('if they are overridden', ifOverridden, forecast)}`;
  return `${steps}\n${renewals}${waiting}${breakText('if activate were overridden at once', ifActivatedAtOnce, forecast)}`;
}

function breakText(
  when: string,
  { firstBreakAt, lackingCount, pairs, pairCount }: BreakageRow,
  { use, startAt }: ForecastAnswer,
): string {
  if (lackingCount === 0) return `${when}: nothing breaks\n`;
  const first =
    firstBreakAt === null
      ? use === 'jwt'
        ? 'nobody holds a token'
        : 'nobody was seen to call them'
      : `first break after ${lengthText(Date.parse(firstBreakAt) - Date.parse(startAt))}`;
  const shown = pairs.slice(0, MOST_PAIRS).map(({ caller, callee }) => `  ${caller} -> ${callee}\n`);
  const more = pairCount > MOST_PAIRS ? `  … and ${pairCount - MOST_PAIRS} more\n` : '';
  return `${when}: ${lackingCount} identities lack the new ${use === 'jwt' ? 'key' : 'root'}, ${first}, ${pairCount} pairs affected\n${shown.join('')}${more}`;
}
