/**
 * Rotates by the calendar: when an authority's life says so, the next one is prepared, and activated as soon as its gate is open,
 * or at the latest just before the active one expires.
 * @module
 */
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { CurrentState } from '../store/current-state.ts';
import { type AuthorityRecord, type AuthorityUse, activeOf, preparedOf } from '../store/state.ts';
import type { AuthorityStore } from '../store/store.ts';
import type { Order, Verb, VerbOutcome } from './orders.ts';
import { activateDueAt, activateMustAt, isValidAt, prepareDueAt } from './schedule.ts';
import { retire } from './slots.ts';

export interface CalendarDeps {
  readonly store: Pick<AuthorityStore, 'shared'>;
  readonly current: CurrentState;
  readonly clock: Clock;
  run(verb: Verb, order: Order): Promise<VerbOutcome>;
  /** When X.509 authorities that are made now must end; absent without an upstream CA. @throws GatehouseError `certificate_invalid` */
  readonly upstreamEndsAt?: (atMs: number) => Promise<number>;
  /** Whether that authority's key went with the process that held it. */
  isGone(authorityId: string): Promise<boolean>;
  report(error: GatehouseError): void;
}

/** Rotates the authorities of one use, if that is due. */
export type Calendar = (use: AuthorityUse) => Promise<void>;

/** A blocked activation is an audit row, and an error is reported: each at most once in this time. */
const QUIET_MS = 60_000;
const MOST_ATTEMPTS = 5;

/** Creates the calendar. */
export function createCalendar(deps: CalendarDeps): Calendar {
  const { current, clock } = deps;
  // Of each use by itself: while one is blocked, or fails, the other goes on.
  const reportedAt = { x509: Number.NEGATIVE_INFINITY, jwt: Number.NEGATIVE_INFINITY };
  const blockedAt = { x509: Number.NEGATIVE_INFINITY, jwt: Number.NEGATIVE_INFINITY };

  /** Asks the gate once a minute: each refusal is an audit row. */
  const activateIfAllowed = async (use: AuthorityUse): Promise<void> => {
    if (Math.abs(clock.now() - blockedAt[use]) < QUIET_MS) return;
    const outcome = await deps.run('activate', order(use, 'schedule'));
    if (!outcome.done) blockedAt[use] = clock.now();
  };

  /** What keeps the next authority from being made, an upstream CA say, must not stop the one that signs. */
  return async (use) => {
    try {
      await rotateTogether(use, deps, activateIfAllowed);
    } catch (thrown) {
      const error = asGatehouseError(thrown);
      const active = activeOf(current.state, use);
      const signs = active && active.notAfterAt > clock.now() && !(await deps.isGone(active.id));
      if (!signs || error.code === 'store_unavailable') throw thrown;
      if (Math.abs(clock.now() - reportedAt[use]) < QUIET_MS) return;
      reportedAt[use] = clock.now();
      deps.report(error);
    }
  };
}

const order = (use: AuthorityUse, reason: string, override = false): Order => ({
  use,
  authorityId: '',
  who: 'gatehouse',
  reason,
  override,
});

/** Another replica may take the same step at the same time: then its step counts, and the calendar is looked at again. */
async function rotateTogether(use: AuthorityUse, deps: CalendarDeps, activateIfAllowed: Calendar): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rotate(use, deps, activateIfAllowed);
    } catch (thrown) {
      const isLast = attempt === MOST_ATTEMPTS;
      if (!deps.store.shared || isLast || asGatehouseError(thrown).code !== 'slot_state') throw thrown;
      await deps.current.refresh();
    }
  }
}

async function rotate(use: AuthorityUse, deps: CalendarDeps, activateIfAllowed: Calendar): Promise<void> {
  const { current, clock, run } = deps;
  const atMs = clock.now();
  const active = activeOf(current.state, use);
  const isOver = !active || active.notAfterAt <= atMs || (await deps.isGone(active.id));
  if (isOver || atMs >= prepareDueAt(active)) await prepareOnce(use, isOver, deps);
  if (!preparedOf(current.state, use)) return;
  if (isOver) {
    const reason = 'no authority signs: first start, or the last one has expired or lost its key';
    await run('activate', order(use, reason, true));
  } else if (atMs >= activateMustAt(active))
    await run('activate', order(use, 'the active authority is about to expire', true));
  else if (atMs >= activateDueAt(active)) await activateIfAllowed(use);
}

async function prepareOnce(use: AuthorityUse, isOver: boolean, deps: CalendarDeps): Promise<void> {
  const { current, clock, run } = deps;
  const prepared = preparedOf(current.state, use);
  if (prepared && isValidAt(prepared, clock.now()) && !(await deps.isGone(prepared.id))) return;
  if (prepared) await makeRoom(prepared, deps);
  if (!isOver && use === 'x509') await checkOutlives(activeOf(current.state, use), deps);
  await run('prepare', order(use, isOver ? 'no authority signs' : 'schedule'));
}

/** Takes away a prepared authority that cannot sign now: it expired, lost its key, or is not valid yet. */
async function makeRoom(
  { id, use, activatedAt }: AuthorityRecord,
  { current, clock, run }: CalendarDeps,
): Promise<void> {
  const why = 'it expired, lost its key, or is not valid yet';
  // By its name: the last step, which an undo would reverse, may be about another authority.
  const unused = { ...order(use, `${why}, before it was used`, true), authorityId: id };
  if (activatedAt === undefined) return void (await run('revoke', unused));
  const reason = `${why}; what it signed is trusted until it expires`;
  const audit = { at: clock.now(), who: 'gatehouse', verb: 'ca retire', use, authorityId: id, reason, result: 'done' };
  await current.change((state) => ({ state: retire(state, id), audit }));
}

/** A new authority that ends with the one that signs would only change keys: its upstream CA must be renewed first. */
async function checkOutlives(active: AuthorityRecord | undefined, deps: CalendarDeps): Promise<void> {
  const endsAt = await deps.upstreamEndsAt?.(deps.clock.now());
  if (active === undefined || endsAt === undefined || endsAt > active.notAfterAt) return;
  throw new GatehouseError(
    'certificate_invalid',
    `the upstream CA ends at ${new Date(endsAt).toISOString()}, with the authority that signs: renew it, so that the next one can be made`,
    { endsAt },
  );
}
