/**
 * What a rehearsal said of a rotation, kept, and what the rotation then did.
 * @module
 */

import { type AuthorityState, type AuthorityUse, activeOf, type StoredForecast } from '../store/state.ts';
import type { AuthorityStore, LedgerQuery } from '../store/store.ts';
import type { Blocker } from './gate.ts';

/** One caller who was seen to call one callee, by SPIFFE ID. */
export interface Edge {
  readonly caller: string;
  readonly callee: string;
}

/** Who would not trust the new authority, and what that ends. */
export interface Breakage {
  /**
   * When the first certificate or token that somebody does not trust is in use; undefined: never, or nobody is seen to call, or
   * to hold a token.
   */
  readonly firstBreakAt: number | undefined;
  /** SPIFFE IDs; of fetchers that have none, the name of the consumer. */
  readonly lacking: readonly string[];
  readonly edges: readonly Edge[];
}

/** What would come. All times in milliseconds since 1970; undefined: not by waiting alone. */
export interface Forecast {
  readonly use: AuthorityUse;
  /** When the rotation would begin. */
  readonly startAt: number;
  readonly activateSafeAt: number | undefined;
  readonly taintSafeAt: number | undefined;
  readonly revokeSafeAt: number | undefined;
  /** Connected, and not known ever to acknowledge: only they, or an override, end the wait. */
  readonly laggards: readonly Blocker[];
  /** What breaks if `activate` were overridden at once. */
  readonly ifActivatedAtOnce: Breakage;
  /** What breaks if it were overridden when everybody is ready who ever will be. */
  readonly ifOverridden: Breakage;
  /** Certificates or tokens that are out. */
  readonly liveSvids: number;
  /** What a taint makes be signed: nothing of tokens, which are fetched anew as they expire. */
  readonly signingPeakPerSecond: { readonly paced: number; readonly allAtOnce: number };
  readonly pacing: {
    readonly renewalsPerSecond: number;
    /** How many go first, and how long the rest waits for them. */
    readonly canaries: number;
    readonly canaryHoldMs: number;
    /** Over how long all of the taint's renewals are spread. */
    readonly spreadMs: number;
  };
}

const MOST_LAGGARDS = 100;

/** What is kept of a forecast. */
export function storedForecast(forecast: Forecast): StoredForecast {
  const { startAt, activateSafeAt, taintSafeAt, revokeSafeAt, liveSvids, laggards, signingPeakPerSecond } = forecast;
  return {
    startAt,
    activateSafeAt,
    taintSafeAt,
    revokeSafeAt,
    liveSvids,
    laggards: [...new Set(laggards.map((each) => each.spiffeId))].slice(0, MOST_LAGGARDS),
    signingPeakPerSecond: signingPeakPerSecond.paced,
  };
}

/** What a rotation has done so far. Undefined: that step has not been taken. */
export interface Actual {
  readonly startAt: number | undefined;
  readonly activatedAt: number | undefined;
  readonly taintedAt: number | undefined;
  readonly revokedAt: number | undefined;
  /** The most SVIDs that were signed in one second since the taint. */
  readonly signingPeakPerSecond: number | undefined;
}

/** A stored forecast beside what the rotation has done since. */
export interface ForecastAndActual {
  readonly forecast: StoredForecast;
  readonly actual: Actual;
}

/** The instants of the X.509 rotation that came after the forecast. */
export function actualSteps(state: AuthorityState, forecast: StoredForecast): Omit<Actual, 'signingPeakPerSecond'> {
  const active = activeOf(state, 'x509');
  const isAfter = active?.activatedAt !== undefined && active.activatedAt >= forecast.startAt;
  if (!isAfter) {
    const prepared = state.authorities.find((each) => each.use === 'x509' && each.slot === 'prepared');
    const startAt = prepared && Math.max(prepared.preparedAt, forecast.startAt);
    return { startAt, activatedAt: undefined, taintedAt: undefined, revokedAt: undefined };
  }
  const retired = state.authorities.filter((each) => each.use === 'x509' && each.id !== active.id);
  const latest = (instants: readonly (number | undefined)[]): number | undefined =>
    instants.reduce(
      (last, at) => (at !== undefined && at >= forecast.startAt && at > (last ?? 0) ? at : last),
      undefined,
    );
  return {
    startAt: Math.max(active.preparedAt, forecast.startAt),
    activatedAt: active.activatedAt,
    taintedAt: latest(retired.map((each) => each.taintedAt)),
    revokedAt: retired.every((each) => each.slot === 'revoked')
      ? latest(retired.map((each) => each.revokedAt))
      : undefined,
  };
}

/** The most instants in one second of the clock. */
export function peakOf(instants: Iterable<number>): number {
  const seconds = new Map<number, number>();
  countSeconds(seconds, instants);
  return highestOf(seconds);
}

function countSeconds(seconds: Map<number, number>, instants: Iterable<number>): void {
  for (const at of instants) {
    const second = Math.floor(at / 1000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
}

const highestOf = (seconds: ReadonlyMap<number, number>): number =>
  seconds.values().reduce((highest, count) => Math.max(highest, count), 0);

const PAGE_ROWS = 10_000;

/** The most SVIDs that the ledger shows signed in one second, of those that a question means. */
export async function signingPeak(store: Pick<AuthorityStore, 'ledger'>, query: LedgerQuery): Promise<number> {
  const seconds = new Map<number, number>();
  for (let after: LedgerQuery['after']; ; ) {
    const rows = await store.ledger({ ...query, ...(after && { after }), limit: PAGE_ROWS });
    countSeconds(
      seconds,
      rows.map((row) => row.issuedAt),
    );
    after = rows.at(-1);
    if (rows.length < PAGE_ROWS) return highestOf(seconds);
  }
}
