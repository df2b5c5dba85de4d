/**
 * Does what is due, every few seconds: rotation by the calendar, expired authorities, pruning.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuthoritySettings } from '../settings.ts';
import { keysLetGo } from '../store/state.ts';
import type { AuthorityStore } from '../store/store.ts';
import { type CalendarDeps, createCalendar } from './calendar.ts';
import type { ClockWatch } from './clock-watch.ts';
import type { ConsumerTracker } from './consumers.ts';
import * as slots from './slots.ts';

export interface UpkeepDeps extends CalendarDeps {
  readonly store: AuthorityStore;
  readonly consumers: Pick<ConsumerTracker, 'prune' | 'takeForgotten' | 'removed'>;
  readonly settings: AuthoritySettings;
  readonly clockWatch: ClockWatch;
  /** Destroys the key of an authority that was let go. */
  destroyKey(authorityId: string): Promise<void>;
}

/** What has expired is remembered for this long, in case a clock was wrong; it has left the bundle when it expired. */
const EXPIRY_GRACE_MS = 60 * 60_000;
const PRUNE_EVERY_MS = 10 * 60_000;
const PRUNES_A_LOOK = 16;
const REMOVED_A_TURN = 256;

/** Creates the function that does what is due. Each part is one step of its own, so that a crash between two loses nothing. */
export function createUpkeep(deps: UpkeepDeps): () => Promise<void> {
  const { store, current, clock, clockWatch, settings, consumers } = deps;
  const rotate = createCalendar(deps);
  let prunedAt = Number.NEGATIVE_INFINITY;

  const passTime = async (): Promise<void> => {
    const atMs = clock.now();
    const graceMs = clockWatch.isSteady() ? EXPIRY_GRACE_MS : Number.POSITIVE_INFINITY;
    if (slots.passTime(current.state, atMs, graceMs) === current.state) return;
    await current.change((state) => ({ state: slots.passTime(state, atMs, graceMs) }));
  };

  /** What an authority that was let go has left, by a step of ours, of another replica, or of one that was killed behind it. */
  const destroyKeys = async (): Promise<void> => {
    const listed = current.state.keysToDestroy ?? [];
    if (listed.length === 0) return;
    for (const id of keysLetGo(current.state)) await deps.destroyKey(id);
    await current.change((state) => ({
      state: { ...state, keysToDestroy: state.keysToDestroy?.filter((id) => !listed.includes(id)) },
    }));
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
    if (Math.abs(atMs - prunedAt) < PRUNE_EVERY_MS || !clockWatch.isSteady()) return;
    // After a retention that was shortened, or a long outage, there may be a million: the next look goes on.
    if (!(await pruneLedger(atMs - settings.ledgerRetentionMs))) return;
    prunedAt = atMs;
    // Not at once: by a clock that is ahead they would be gone when it is set right.
    await store.pruneRevocations(atMs - settings.ledgerRetentionMs);
    consumers.prune(atMs, atMs - Math.max(settings.ledgerRetentionMs, 2 * settings.x509SvidTtlMs));
  };

  return async () => {
    await current.refresh();
    await rotate('x509');
    await rotate('jwt');
    await passTime();
    await destroyKeys();
    await prune();
    while (await removeForgotten(store, consumers, { most: REMOVED_A_TURN, least: 1 })) await nextTurn();
  };
}

/**
 * Removes some of the forgotten consumers from the store, once there are at least `least`; answers whether there may be more.
 *
 * @throws GatehouseError `store_unavailable`; they are removed later then
 */
export async function removeForgotten(
  store: Pick<AuthorityStore, 'removeConsumers'>,
  consumers: Pick<ConsumerTracker, 'takeForgotten' | 'removed'>,
  { most, least }: { readonly most: number; readonly least: number },
): Promise<boolean> {
  const names = consumers.takeForgotten(most, least);
  if (names.length === 0) return false;
  let isDone = false;
  try {
    await store.removeConsumers(names);
    isDone = true;
  } finally {
    consumers.removed(names, isDone);
  }
  return names.length === most;
}
