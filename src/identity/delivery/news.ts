/**
 * What may be news to any caller (bundles, CRLs, entries, renewals, the time), heard once for all of them.
 * @module
 */
import type { DeliveryDeps, Listener, News } from './delivery-deps.ts';

const LIVENESS_INTERVAL_MS = 1_000;
/** Less is the everyday life of a clock, and within the time by which SVIDs are dated back. */
const SET_BACK_MS = 1_000;
/** So many are woken in one turn of the loop: whatever else the process does waits some milliseconds, not for all of them. */
const TOLD_AT_ONCE = 256;

/** Creates the news; it listens itself only while somebody does. */
export function createNews({
  source,
  entries,
  clock,
  ticks,
}: Pick<DeliveryDeps, 'source' | 'entries' | 'clock' | 'ticks'>): News {
  const listeners = new Set<Listener>();
  let subscriptions: (() => void)[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let tickedAt = Number.NEGATIVE_INFINITY;

  /** Those who have yet to hear. */
  const waiting = new Set<Listener>();
  let telling = false;

  const tellSome = (): void => {
    let told = 0;
    for (const listener of waiting) {
      if (told === TOLD_AT_ONCE) break;
      told += 1;
      waiting.delete(listener);
      listener.knock();
    }
    telling = waiting.size > 0;
    if (telling) setImmediate(tellSome);
  };
  const tellAll = (): void => {
    for (const listener of listeners) waiting.add(listener);
    if (!telling) tellSome();
  };
  const onTick = (): void => {
    const now = clock.now();
    // A clock that was set back must not stop the look.
    const looks = now - lookedAt >= LIVENESS_INTERVAL_MS || now < lookedAt;
    if (looks) lookedAt = now;
    const isSetBack = now < tickedAt - SET_BACK_MS;
    tickedAt = now;
    // What is held may not be valid any more, and when it is due was said by the other clock.
    if (isSetBack) tellAll();
    else
      for (const listener of listeners) {
        if (now >= listener.dueAt || (looks && listener.attestation?.alive() === false)) listener.knock();
      }
  };
  return {
    add(listener) {
      listeners.add(listener);
      if (listeners.size > 1) return;
      subscriptions = [
        source.bundles.subscribe(tellAll),
        source.renewals.subscribe(tellAll),
        source.crls?.subscribe(tellAll) ?? (() => undefined),
        entries.subscribe(tellAll),
        ticks.subscribe(onTick),
      ];
    },
    remove(listener) {
      waiting.delete(listener);
      if (!listeners.delete(listener) || listeners.size > 0) return;
      for (const unsubscribe of subscriptions) unsubscribe();
      subscriptions = [];
    },
  };
}
