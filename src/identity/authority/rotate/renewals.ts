/**
 * When SVIDs that are out should be renewed: by half of their life, or sooner, at a pace, when their authority is tainted.
 *
 * A taint renews one in a hundred first, waits, and then spreads the rest so that no more are signed a second than the settings
 * allow. Trouble (a refused bundle, a denied handshake) stops it until it has been quiet for a minute. What falls due at once all
 * the same is queued (renewal-queue.ts).
 * @module
 */
import type { Clock } from '../../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../../lib/watchable.ts';
import type { X509Svid } from '../../../spiffe/svid.ts';
import type { AuthoritySettings } from '../settings.ts';
import type { CurrentState } from '../store/current-state.ts';
import type { AuthorityStore } from '../store/store.ts';
import { countInto } from './gate.ts';
import { createRenewalQueue } from './renewal-queue.ts';
import { fractionOf, renewDueAt } from './schedule.ts';
import { createTaintTroubles } from './taint-troubles.ts';

/** When each SVID is to be renewed. */
export interface Renewals {
  renewAt(svid: Pick<X509Svid, 'serial' | 'authorityId' | 'notBeforeAt' | 'notAfterAt'>): number;
  /** Rises whenever `renewAt` may answer differently. */
  readonly changes: Watchable<number>;
  /** Looks whether an authority was tainted or untainted, and whether trouble began or ended. */
  look(): Promise<void>;
  /**
   * Something went wrong that a renewal may have caused, for a holder, by its SPIFFE ID.
   *
   * @param witness  whose word it is, where it is not the holder's own
   */
  trouble(holder: string, witness?: string): void;
  /** Whether renewals of tainted authorities are stopped just now. */
  readonly paused: boolean;
  /** How many are due and wait in the queue. */
  waiting(): number;
}

export interface RenewalDeps {
  readonly current: CurrentState;
  readonly store: AuthorityStore;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
}

/** How the renewals of one tainted authority are spread; milliseconds. */
export interface Pace {
  readonly startAt: number;
  /** Between the first in a hundred and the rest. */
  readonly canaryHoldMs: number;
  readonly lengthMs: number;
}

const CANARY_SHARE = 0.01;
/** With fewer SVIDs than that no part of them goes first. */
const CANARIES_FROM = 200;
const MAX_CANARY_HOLD_MS = 30_000;
/** Trouble that a holder had within this time before a taint has another reason. */
const USUAL_WINDOW_MS = 60 * 60_000;
const MOST_USUAL = 1_000;

/**
 * Spreads the renewals of `live` SVIDs. Each takes its place by its serial, so a second gets more or fewer than the mean by
 * chance: the mean is four standard deviations below what is allowed.
 */
export function paceOf(startAt: number, live: number, settings: AuthoritySettings): Pace {
  const most = settings.renewalsPerSecond;
  const meanPerSecond = Math.max(most / 4, most - 4 * Math.sqrt(most));
  return {
    startAt,
    canaryHoldMs: live < CANARIES_FROM ? 0 : Math.min(MAX_CANARY_HOLD_MS, settings.x509SvidTtlMs / 20),
    lengthMs: (live / meanPerSecond) * 1000,
  };
}

/** Whether the SVID of that serial goes first. */
export function isCanary(serial: string): boolean {
  return fractionOf(serial) < CANARY_SHARE;
}

/** When the SVID of that serial is due under a pace. */
export function pacedAt(pace: Pace, serial: string): number {
  const holdMs = isCanary(serial) ? 0 : pace.canaryHoldMs;
  return Math.round(pace.startAt + holdMs + pace.lengthMs * fractionOf(serial));
}

/** Creates the calendar of renewals. */
export function createRenewals({ current, store, clock, settings }: RenewalDeps): Renewals {
  const changes = createWatchable(0);
  const paces = new Map<string, Pace>();
  const troubles = createTaintTroubles();
  /** How many identities hold an SVID, as far as that matters. */
  let identities = 0;
  /** When each holder had trouble last, by each witness, while nothing was tainted; the latest last. */
  const usual = new Map<string, number>();
  let pausedAt: number | undefined;
  const queue = createRenewalQueue(settings.renewalsPerSecond);
  const changed = (): void => changes.replace(changes.value + 1);

  const pauseOrGoOn = (): void => {
    const atMs = clock.now();
    if (pausedAt === undefined && paces.size > 0 && troubles.areEnough(atMs, identities)) {
      pausedAt = atMs;
      changed();
    } else if (pausedAt !== undefined && troubles.areOver(atMs, identities)) {
      const missed = Math.max(0, atMs - pausedAt);
      for (const [id, pace] of paces) paces.set(id, { ...pace, startAt: pace.startAt + missed });
      pausedAt = undefined;
      changed();
    }
  };

  const dueAt: Renewals['renewAt'] = (svid) => {
    const due = renewDueAt(svid, svid.serial);
    const pace = paces.get(svid.authorityId);
    if (!pace) return due;
    const paced = pacedAt(pace, svid.serial);
    // Renewals that were due before the pause go on; no new one begins.
    return pausedAt !== undefined && paced > pausedAt ? due : Math.min(due, paced);
  };

  return {
    changes,
    get paused() {
      return pausedAt !== undefined;
    },
    renewAt(svid) {
      const now = clock.now();
      if (now < svid.notBeforeAt) return now; // signed by a clock that was ahead: nobody takes it yet
      const due = dueAt(svid);
      const place = due > now ? due : queue.placeOf(svid, now);
      return place <= now ? due : place; // not `now`: a caller that read its clock a moment before must find it past
    },
    waiting: () => queue.waiting(clock.now()),
    trouble(holder, witness = holder) {
      const trouble = `${holder} by ${witness}`; // nobody's word makes usual what others saw
      if (paces.size > 0) {
        if (!usual.has(trouble)) troubles.note(witness, clock.now());
        return;
      }
      usual.delete(trouble);
      usual.set(trouble, clock.now());
      if (usual.size > MOST_USUAL) usual.delete(usual.keys().next().value ?? '');
    },
    async look() {
      const tainted = current.state.authorities.filter((each) => each.slot === 'tainted' && each.use === 'x509');
      for (const id of paces.keys()) {
        if (tainted.some((each) => each.id === id)) continue;
        paces.delete(id);
        changed();
      }
      const fresh = tainted.filter((each) => !paces.has(each.id));
      if (fresh.length > 0) {
        for (const [holder, at] of usual) if (Math.abs(clock.now() - at) > USUAL_WINDOW_MS) usual.delete(holder);
        const live = new Map<string, number>();
        const names = new Set<string>();
        for await (const page of store.unexpired(clock.now())) {
          countInto(live, page);
          for (const { spiffeId, channel } of page) if (channel !== 'self') names.add(spiffeId);
        }
        if (paces.size === 0) troubles.begin();
        identities = names.size;
        for (const { id, taintedAt } of fresh)
          paces.set(id, paceOf(taintedAt ?? clock.now(), live.get(id) ?? 0, settings));
        changed();
      }
      pauseOrGoOn();
    },
  };
}
