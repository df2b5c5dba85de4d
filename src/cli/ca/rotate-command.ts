/**
 * `gatehouse ca rotate`: walks prepare → activate → taint → revoke, waiting at each gate.
 *
 * Every step is durable on the server, and what is next is read from there: so ^C is safe, and a second call goes on.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { AuthorityRow, Verb } from '../../admin-api/authorities.ts';
import type { AdminClient } from '../../admin-api/client.ts';
import type { Use } from '../../admin-api/fields.ts';
import type { ComparisonAnswer } from '../../admin-api/rehearsal.ts';
import { GatehouseError } from '../../errors.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { durationOption } from '../terminal/number-options.ts';
import { type OutputFormat, outputOption } from '../terminal/output.ts';
import type { ExitCode, Terminal } from '../terminal/terminal.ts';
import { comparisonText } from './comparison-text.ts';
import { order, type UseFlags, useOf, useOptions } from './order.ts';
import { createTeller, type Teller } from './rotation-teller.ts';

interface Flags extends AdminFlags, UseFlags {
  readonly output: OutputFormat;
  readonly reason: string;
  readonly timeout?: number;
}

/** What is to be done next, and to whom; undefined: all is done. */
export interface NextStep {
  readonly verb: Exclude<Verb, 'undo'>;
  readonly authorityId: string;
}

/**
 * Reads from the slots where a rotation stands: one that is under way is finished before another begins.
 *
 * @param hasBegun  this call has prepared, or found a rotation under way
 */
export function nextStep(
  authorities: readonly Pick<AuthorityRow, 'id' | 'slot'>[],
  hasBegun: boolean,
): NextStep | undefined {
  const first = (slot: string): string | undefined => authorities.find((each) => each.slot === slot)?.id;
  const prepared = first('prepared');
  if (prepared !== undefined) return { verb: 'activate', authorityId: prepared };
  const old = first('old');
  if (old !== undefined) return { verb: 'taint', authorityId: old };
  const tainted = first('tainted');
  if (tainted !== undefined) return { verb: 'revoke', authorityId: tainted };
  return hasBegun ? undefined : { verb: 'prepare', authorityId: '' };
}

/** Exit code 0 when the rotation is done, 1 when `--timeout` was over before a gate opened. */
export function caRotateCommand(terminal: Terminal): Command {
  const command = new Command('rotate').description(
    'rotate the authorities: prepare, activate, taint, revoke, each as soon as nobody would break',
  );
  for (const option of useOptions()) command.addOption(option);
  return command
    .option('--reason <text>', 'why; kept with each step in the audit', '')
    .addOption(
      durationOption('--timeout <duration>', 'stop waiting after this long, e.g. 2h; what is done stays done', {
        least: '0s',
        most: '3650d',
      }),
    )
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
^C is safe at any moment: every step is done on the server or not at all, and a second call goes on where this one stopped.
A rotation that is under way is finished; only then does another call begin a new one.

Example:
  gatehouse ca rotate --reason "yearly rotation"`,
    )
    .action(
      action<Flags>(terminal, async (flags) =>
        rotate(await adminClient(flags), flags, await createTeller(terminal, flags.output)),
      ),
    );
}

const LOOK_EVERY_MS = 1_000;

async function rotate(client: AdminClient, flags: Flags, teller: Teller): Promise<ExitCode> {
  const use = useOf(flags);
  const until = flags.timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + flags.timeout;
  let hasBegun = false;
  for (;;) {
    const next = nextStep(await authoritiesOf(client, use), hasBegun);
    if (next === undefined) break;
    if (!hasBegun && next.verb === 'prepare' && use === 'x509') await rehearse(client, teller);
    else if (!hasBegun)
      teller.event(
        { event: 'resumed', verb: next.verb, authorityId: next.authorityId },
        ({ verb }) => `a rotation is under way: next is ${verb}\n`,
      );
    hasBegun = true;
    if (!(await pass(client, use, next, until, teller))) return 1;
    const outcome = await order(client, next.verb, { use, authorityId: next.authorityId, reason: flags.reason });
    if (!outcome.done) continue; // somebody came between the look and the step: look again
    teller.event(
      { event: 'step', verb: next.verb, authorityId: outcome.authorityId, sequence: outcome.sequence },
      ({ verb, authorityId, sequence }) =>
        `${verb}: done, authority ${authorityId.slice(0, 16)}, bundle sequence ${sequence}\n`,
    );
  }
  const compared = use === 'x509' ? await compare(client) : undefined;
  teller.event({ event: 'done', done: true, ...(compared && { comparison: compared }) }, ({ comparison }, look) =>
    comparison ? `done\n${comparisonText(comparison, look)}` : 'done\n',
  );
  return 0;
}

/** Waits at the gate; false when the time is over before it opens. */
async function pass(
  client: AdminClient,
  use: Use,
  { verb, authorityId }: NextStep,
  until: number,
  teller: Teller,
): Promise<boolean> {
  for (;;) {
    const lookedFrom = performance.now();
    const gate = await client.ask('GET /v1/authorities/gate', { verb, use, authorityId });
    if (gate.open) return true;
    const { blockers, blockerCount, etaSeconds } = gate;
    const isOver = Date.now() >= until;
    teller.waiting({
      ...{ event: isOver ? 'timeout' : 'waiting', verb, done: false, code: 'rotation_blocked' },
      ...{ blockers, blockerCount, etaSeconds },
    });
    if (isOver) return false;
    // A look reads every live row of the ledger: with many of them it must not be the server's main work.
    const restMs = Math.max(LOOK_EVERY_MS, 10 * (performance.now() - lookedFrom));
    await delay(Math.min(restMs, Math.max(10, until - Date.now())));
  }
}

async function authoritiesOf(client: AdminClient, use: Use): Promise<readonly AuthorityRow[]> {
  return (await client.ask('GET /v1/authorities'))[`${use}Authorities`];
}

async function rehearse(client: AdminClient, teller: Teller): Promise<void> {
  const forecast = await client.ask('POST /v1/rehearsal');
  teller.event({ event: 'forecast', ...forecast }, ({ activateSafeAt, revokeSafeAt }) =>
    activateSafeAt === null
      ? 'forecast: somebody will not be ready by waiting; gatehouse ca rehearse names them\n'
      : `forecast: the new authority can sign from ${activateSafeAt}, the old one goes at ${revokeSafeAt ?? 'no time that waiting reaches'}\n`,
  );
}

async function compare(client: AdminClient): Promise<ComparisonAnswer | undefined> {
  try {
    return await client.ask('GET /v1/rehearsal');
  } catch (thrown) {
    if (thrown instanceof GatehouseError && thrown.code === 'not_found') return undefined;
    throw thrown;
  }
}
