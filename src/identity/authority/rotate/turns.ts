/**
 * Turns for renewals that are due at once: after an outage, a jump of the clock, a mass of reconnects. So many are given a second,
 * first come first served. Who has little life left waits for none.
 * @module
 */
import type { Life } from './schedule.ts';

export interface Turns {
  /** When the holder of an SVID that is due may renew it: the same answer until he has had his turn. */
  turnOf(svid: Life & { readonly serial: string }, nowMs: number): number;
  /** How many have a turn that is still to come. */
  waiting(nowMs: number): number;
}

/** With less than this share of its life left an SVID is renewed at once. */
const LAST_SHARE = 1 / 6;
/** A turn that was not taken for so long is forfeited: after a standstill all of them would be taken at once. */
const TURN_LASTS_MS = 5_000;

/** Creates the book of turns, `perSecond` of them. */
export function createTurns(perSecond: number): Turns {
  const intervalMs = 1000 / perSecond;
  /** By serial; the earliest first. */
  const turns = new Map<string, number>();
  let nextAt = 0;
  let askedAt = 0;

  const forgetPast = (nowMs: number): void => {
    if (nowMs < askedAt) {
      // The clock was set back: turns given by the old one would be too late.
      turns.clear();
      nextAt = nowMs;
    }
    askedAt = nowMs;
    for (const [serial, at] of turns) {
      if (at + TURN_LASTS_MS > nowMs) break;
      turns.delete(serial);
    }
  };
  return {
    turnOf({ serial, notBeforeAt, notAfterAt }, nowMs) {
      const lastCallAt = notAfterAt - (notAfterAt - notBeforeAt) * LAST_SHARE;
      if (nowMs >= lastCallAt) return nowMs;
      forgetPast(nowMs);
      const given = turns.get(serial);
      if (given !== undefined) return Math.min(given, lastCallAt);
      const at = Math.max(nowMs, nextAt);
      nextAt = at + intervalMs;
      turns.set(serial, at);
      return Math.min(at, lastCallAt);
    },
    waiting(nowMs) {
      let count = 0;
      for (const at of turns.values()) if (at > nowMs) count += 1;
      return count;
    },
  };
}
