/**
 * RenewalQueue for renewals that are due at once: after an outage, a jump of the clock, a mass of reconnects. So many are given a second,
 * first come first served. Who has little life left waits for none.
 * @module
 */
import { signedAtOf } from '../../pki/serial.ts';
import type { Life } from './schedule.ts';

/** The places of SVIDs that are due at once. */
export interface RenewalQueue {
  /** When an SVID that is due may be renewed, in milliseconds since 1970: the same answer until that time has come. */
  placeOf(svid: Life & { readonly serial: string }, nowMs: number): number;
  /** How many have a place that is still to come. */
  waiting(nowMs: number): number;
}

/** With less than this share of its life left an SVID is renewed at once. */
const LAST_SHARE = 1 / 6;
/** A place that was not used for so long is lost: after a standstill all of them would be used at once. */
const PLACE_LASTS_MS = 5_000;

/** Creates an empty queue that admits `perSecond` renewals a second. */
export function createRenewalQueue(perSecond: number): RenewalQueue {
  const intervalMs = 1000 / perSecond;
  /** By serial; the earliest first. */
  const places = new Map<string, number>();
  let nextAt = 0;
  let askedAt = 0;

  const forgetPast = (nowMs: number): void => {
    if (nowMs < askedAt) {
      // The clock was set back: places given by the old one would be too late.
      places.clear();
      nextAt = nowMs;
    }
    askedAt = nowMs;
    for (const [serial, at] of places) {
      if (at + PLACE_LASTS_MS > nowMs) break;
      places.delete(serial);
    }
  };
  return {
    placeOf({ serial, notBeforeAt, notAfterAt }, nowMs) {
      const latestAt =
        notAfterAt - (notAfterAt - (signedAtOf(serial, { notBeforeAt, notAfterAt }) ?? notBeforeAt)) * LAST_SHARE;
      if (nowMs >= latestAt) return nowMs;
      forgetPast(nowMs);
      const given = places.get(serial);
      if (given !== undefined) return Math.min(given, latestAt);
      const at = Math.max(nowMs, nextAt);
      nextAt = at + intervalMs;
      places.set(serial, at);
      return Math.min(at, latestAt);
    },
    waiting(nowMs) {
      let count = 0;
      for (const at of places.values()) if (at > nowMs) count += 1;
      return count;
    },
  };
}
