/**
 * When SVIDs that are out should be renewed: by half of their life, or sooner, at a pace, when their authority is tainted.
 * @module
 */
import type { Clock } from '../../lib/clock.ts';
import { createWatchable, type Watchable } from '../../lib/watchable.ts';
import type { X509Svid } from '../../spiffe/svid.ts';
import type { CurrentState } from './current-state.ts';
import { fractionOf, renewDueAt } from './schedule.ts';
import type { AuthoritySettings } from './settings.ts';
import type { AuthorityStore } from './store.ts';

export interface Renewals {
  renewAt(svid: X509Svid): number;
  /** Rises whenever `renewAt` may answer differently. */
  readonly changes: Watchable<number>;
  /** Looks whether an authority was tainted or untainted. */
  look(): void;
}

export interface RenewalDeps {
  readonly current: CurrentState;
  readonly store: AuthorityStore;
  readonly clock: Clock;
  readonly settings: AuthoritySettings;
}

/** Creates the calendar of renewals. */
export function createRenewals({ current, store, clock, settings }: RenewalDeps): Renewals {
  const changes = createWatchable(0);
  /** Over how long the renewals of each tainted authority are spread. */
  const windows = new Map<string, { readonly startAt: number; readonly lengthMs: number }>();

  const open = async (id: string, startAt: number): Promise<void> => {
    const counts = await store.unexpiredByAuthority(clock.now());
    const lengthMs = ((counts.get(id) ?? 0) / settings.taintRenewalsPerSecond) * 1000;
    windows.set(id, { startAt, lengthMs });
    changes.replace(changes.value + 1);
  };

  return {
    changes,
    renewAt(svid) {
      const due = renewDueAt(svid, svid.serial);
      const window = windows.get(svid.authorityId);
      return window ? Math.min(due, Math.round(window.startAt + window.lengthMs * fractionOf(svid.serial))) : due;
    },
    look() {
      const tainted = current.state.authorities.filter((each) => each.slot === 'tainted');
      for (const id of windows.keys()) {
        if (tainted.some((each) => each.id === id)) continue;
        windows.delete(id);
        changes.replace(changes.value + 1);
      }
      for (const { id, taintedAt } of tainted) {
        if (windows.has(id)) continue;
        windows.set(id, { startAt: taintedAt ?? clock.now(), lengthMs: 0 });
        open(id, taintedAt ?? clock.now()).catch(() => undefined); // with the store away all are renewed at once
      }
    },
  };
}
