/**
 * What is due, looked at every few seconds: rotation by the calendar, expired authorities, pruning.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Order, Verb, VerbOutcome } from '../authority.ts';
import type { AuthoritySettings } from '../settings.ts';
import type { CurrentState } from '../store/current-state.ts';
import { type AuthorityRecord, type AuthorityUse, activeOf, preparedOf } from '../store/state.ts';
import type { AuthorityStore } from '../store/store.ts';
import type { ConsumerBook } from './consumers.ts';
import { activateDueAt, activateMustAt, isValidAt, prepareDueAt } from './schedule.ts';
import * as life from './slots.ts';

export interface UpkeepDeps {
  readonly store: AuthorityStore;
  readonly current: CurrentState;
  readonly consumers: ConsumerBook;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
  run(verb: Verb, order: Order): Promise<VerbOutcome>;
  /** When X.509 authorities that are made now must end; absent without an upstream CA. @throws GatehouseError `certificate_invalid` */
  readonly upstreamEndsAt?: (atMs: number) => Promise<number>;
  /** Whether that authority's key went with the process that held it. */
  isGone(authorityId: string): Promise<boolean>;
  /** The key of an authority that has expired and is dropped. */
  destroyKey(authorityId: string): Promise<void>;
  report(error: GatehouseError): void;
}

/** What has expired is remembered for this long, in case a clock was wrong; it has left the bundle when it expired. */
const EXPIRY_GRACE_MS = 60 * 60_000;
const PRUNE_EVERY_MS = 10 * 60_000;
const PRUNES_A_LOOK = 16;

/** Does what is due. Every part is one step of its own, so that a crash between two loses nothing. */
export function createUpkeep(deps: UpkeepDeps): () => Promise<void> {
  const { store, current, clock, settings, consumers } = deps;
  let prunedAt = Number.NEGATIVE_INFINITY;

  const order = (use: AuthorityUse, reason: string, override = false): Order => ({
    use,
    authorityId: '',
    who: 'gatehouse',
    reason,
    override,
  });

  const rotate = async (use: AuthorityUse): Promise<void> => {
    const atMs = clock.now();
    const active = activeOf(current.state, use);
    const isOver = !active || active.notAfterAt <= atMs || (await deps.isGone(active.id));
    if (isOver || atMs >= prepareDueAt(active)) await prepareOnce(use, isOver);
    const prepared = preparedOf(current.state, use);
    if (!prepared) return;
    if (isOver)
      await deps.run(
        'activate',
        order(use, 'no authority signs: first start, or the last one has expired or lost its key', true),
      );
    else if (atMs >= activateMustAt(active))
      await deps.run('activate', order(use, 'the active authority is about to expire', true));
    else if (atMs >= activateDueAt(active)) await activateIfAllowed(use);
  };

  /** Another replica may take the same step at the same time: then its step counts, and we look again. */
  const rotateTogether = async (use: AuthorityUse): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await rotate(use);
      } catch (thrown) {
        if (!store.shared || attempt === 5 || asGatehouseError(thrown).code !== 'slot_state') throw thrown;
        await current.refresh();
      }
    }
  };

  let reportedAt = Number.NEGATIVE_INFINITY;
  /** What keeps the next authority from being made, an upstream CA say, must not stop the one that signs. */
  const rotateIfPossible = async (use: AuthorityUse): Promise<void> => {
    try {
      await rotateTogether(use);
    } catch (thrown) {
      const error = asGatehouseError(thrown);
      const active = activeOf(current.state, use);
      const signs = active && active.notAfterAt > clock.now() && !(await deps.isGone(active.id));
      if (!signs || error.code === 'store_unavailable') throw thrown;
      if (Math.abs(clock.now() - reportedAt) < 60_000) return;
      reportedAt = clock.now();
      deps.report(error);
    }
  };

  const prepareOnce = async (use: AuthorityUse, isOver: boolean): Promise<void> => {
    const prepared = preparedOf(current.state, use);
    if (prepared && isValidAt(prepared, clock.now()) && !(await deps.isGone(prepared.id))) return;
    // By its name: the last step, which an undo would take back, may be about another authority.
    if (prepared) {
      const unused = order(use, 'it expired, lost its key, or is not valid yet, before it was used', true);
      await deps.run('revoke', { ...unused, authorityId: prepared.id });
    }
    if (!isOver && use === 'x509') await checkOutlives(activeOf(current.state, use));
    await deps.run('prepare', order(use, isOver ? 'no authority signs' : 'schedule'));
  };

  /** A new authority that ends with the one that signs would only change keys: its upstream CA must be renewed first. */
  const checkOutlives = async (active: AuthorityRecord | undefined): Promise<void> => {
    const endsAt = await deps.upstreamEndsAt?.(clock.now());
    if (active === undefined || endsAt === undefined || endsAt > active.notAfterAt) return;
    throw new GatehouseError(
      'certificate_invalid',
      `the upstream CA ends at ${new Date(endsAt).toISOString()}, with the authority that signs: renew it, so that the next one can be made`,
      { endsAt },
    );
  };

  let blockedAt = Number.NEGATIVE_INFINITY;
  /** Asks the gate once a minute: each refusal is an audit row. */
  const activateIfAllowed = async (use: AuthorityUse): Promise<void> => {
    if (Math.abs(clock.now() - blockedAt) < 60_000) return;
    const outcome = await deps.run('activate', order(use, 'schedule'));
    if (!outcome.done) blockedAt = clock.now();
  };

  const passTime = async (): Promise<void> => {
    const atMs = clock.now();
    const before = current.state.authorities;
    if (life.passTime(current.state, atMs, EXPIRY_GRACE_MS) === current.state) return;
    const after = await current.change((state) => ({ state: life.passTime(state, atMs, EXPIRY_GRACE_MS) }));
    const still = new Set(after.authorities.map(({ id }) => id));
    for (const { id } of before) if (!still.has(id)) await deps.destroyKey(id);
  };

  /** Answers whether all of them are gone. */
  const pruneLedger = async (expiredBefore: number): Promise<boolean> => {
    for (let i = 0; i < PRUNES_A_LOOK; i += 1) {
      if ((await store.pruneLedger(expiredBefore)) === 0) return true;
      await nextTurn();
    }
    return false;
  };

  const prune = async (): Promise<void> => {
    const atMs = clock.now();
    if (Math.abs(atMs - prunedAt) < PRUNE_EVERY_MS) return;
    // After a retention that was shortened, or a long outage, there may be a million: the next look goes on.
    if (!(await pruneLedger(atMs - settings.ledgerRetentionMs))) return;
    prunedAt = atMs;
    // Not at once: by a clock that is ahead they would be gone when it is set right.
    await store.pruneRevocations(atMs - settings.ledgerRetentionMs);
    const gone = consumers.prune(atMs - Math.max(settings.ledgerRetentionMs, 2 * settings.x509SvidTtlMs));
    if (gone.length > 0) await store.removeConsumers(gone);
  };

  return async () => {
    await current.refresh();
    await rotateIfPossible('x509');
    await rotateIfPossible('jwt');
    await passTime();
    await prune();
  };
}
