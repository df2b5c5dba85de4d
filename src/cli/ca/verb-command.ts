/**
 * `gatehouse ca prepare | activate | taint | revoke | undo`: one step of a rotation.
 * @module
 */
import { Command } from 'commander';
import type { Verb } from '../../admin-api/authorities.ts';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import type { Look } from '../terminal/look.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { blockerTable } from './blockers.ts';
import { type Outcome, order, type UseFlags, useOf, useOptions } from './order.ts';

interface Flags extends AdminFlags, UseFlags {
  readonly output: OutputFormat;
  readonly reason: string;
  readonly override?: boolean;
}

const meanings: Readonly<Record<Verb, { readonly does: string; readonly past: string }>> = {
  prepare: { does: 'make a new authority and publish it; it signs nothing yet', past: 'prepared' },
  activate: {
    does: 'let the prepared authority sign; refused while a holder is not known to trust it',
    past: 'active',
  },
  taint: { does: 'renew everything that an old authority signed, at a pace', past: 'tainted' },
  revoke: { does: 'take an authority out of the bundle; refused while anything it signed lives', past: 'revoked' },
  undo: { does: 'take back the last step', past: 'as before the last step' },
};

/** Exit code 0 done, 1 refused: the table, or `blockers` of the JSON, says by whom. */
export function caVerbCommand(verb: Verb, terminal: Terminal): Command {
  const command = new Command(verb).description(meanings[verb].does);
  if (verb !== 'prepare' && verb !== 'undo')
    command.argument('[authority]', 'its id or the beginning of it; without it the only one that can be meant', '');
  for (const option of useOptions()) command.addOption(option);
  if (verb !== 'prepare') command.option('--override', 'go on although somebody would break; needs --reason', false);
  return command
    .option('--reason <text>', 'why; kept with who and what in the audit (gatehouse ca log)', '')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', `\nExample:\n  gatehouse ca ${verb} --reason "yearly rotation"`)
    .action(
      action<Flags>(terminal, async (flags, [authorityId = '']) => {
        const { reason } = flags;
        const override = flags.override === true; // prepare has no such option
        if (override && reason.trim() === '')
          throw new GatehouseError('message_invalid', 'an override needs a reason: --reason TEXT');
        const body = { use: useOf(flags), authorityId, reason, override };
        const outcome = await order(await adminClient(flags), verb, body);
        show(terminal, flags.output, outcome, (shown, look) => textOf(verb, shown, look));
        return outcome.done ? 0 : 1;
      }),
    );
}

function textOf(verb: Verb, outcome: Outcome, look: Look): string {
  if (outcome.done)
    return `authority ${outcome.authorityId} is ${meanings[verb].past}; bundle sequence ${outcome.sequence}\n`;
  if (outcome.code === 'slot_state') return `not done: ${outcome.message}\n`;
  const { blockerCount } = outcome;
  return `not done: ${blockerCount} ${blockerCount === 1 ? 'holder' : 'holders'} would break\n${blockerTable(outcome, Date.now(), look)}`;
}
