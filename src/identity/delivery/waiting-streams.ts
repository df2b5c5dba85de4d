/**
 * Wakes all waiting streams at a change of bundles, CRLs, entries, renewals or the time, with one subscription for all of them.
 * @module
 */
import type { DeliveryDeps, WaitingStream, WaitingStreams } from './delivery-deps.ts';

const LIVENESS_INTERVAL_MS = 1_000;
/** Less is the everyday life of a clock, and within the time by which SVIDs are dated back. */
const SET_BACK_MS = 1_000;
/** How many are woken in one turn of the loop: other work of the process then waits some milliseconds, not for all of them. */
const WOKEN_AT_ONCE = 256;

/** Creates the set of waiting streams; it subscribes to changes only while it is not empty. */
export function createWaitingStreams({
  source,
  entries,
  clock,
  ticks,
}: Pick<DeliveryDeps, 'source' | 'entries' | 'clock' | 'ticks'>): WaitingStreams {
  const streams = new Set<WaitingStream>();
  let subscriptions: (() => void)[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let tickedAt = Number.NEGATIVE_INFINITY;

  /** Those that are still to be woken. */
  const waiting = new Set<WaitingStream>();
  let waking = false;

  const wakeSome = (): void => {
    let woken = 0;
    for (const stream of waiting) {
      if (woken === WOKEN_AT_ONCE) break;
      woken += 1;
      waiting.delete(stream);
      stream.wake();
    }
    waking = waiting.size > 0;
    if (waking) setImmediate(wakeSome);
  };
  const wakeAll = (): void => {
    for (const stream of streams) waiting.add(stream);
    if (!waking) wakeSome();
  };
  const onTick = (): void => {
    const now = clock.now();
    // A clock that was set back must not stop the look.
    const looks = now - lookedAt >= LIVENESS_INTERVAL_MS || now < lookedAt;
    if (looks) lookedAt = now;
    const isSetBack = now < tickedAt - SET_BACK_MS;
    tickedAt = now;
    // What is held may not be valid any more, and when it is due was said by the other clock.
    if (isSetBack) wakeAll();
    else
      for (const stream of streams) {
        if (now >= stream.dueAt || (looks && isOver(stream))) stream.wake();
      }
  };
  return {
    add(stream) {
      streams.add(stream);
      if (streams.size > 1) return;
      subscriptions = [
        source.bundles.subscribe(wakeAll),
        source.renewals.subscribe(wakeAll),
        source.crls?.subscribe(wakeAll) ?? (() => undefined),
        entries.subscribe(wakeAll),
        ticks.subscribe(onTick),
      ];
    },
    remove(stream) {
      waiting.delete(stream);
      if (!streams.delete(stream) || streams.size > 0) return;
      for (const unsubscribe of subscriptions) unsubscribe();
      subscriptions = [];
    },
  };
}

/** What its caller was when it came is not so any more. */
function isOver({ attestation }: WaitingStream): boolean {
  return attestation !== undefined && (!attestation.alive() || attestation.isStale?.() === true);
}
