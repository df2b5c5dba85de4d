/**
 * The verbs of rotation, `/v1/audit`, and `/v1/rehearsal`.
 * @module
 */
import type { AuditAnswer } from '../../../admin-api/audit.ts';
import type { Verb } from '../../../admin-api/authorities.ts';
import type { GateDetails } from '../../../admin-api/errors.ts';
import type { BreakageRow, ForecastAnswer } from '../../../admin-api/rehearsal.ts';
import { GatehouseError } from '../../../errors.ts';
import {
  type Breakage,
  type Edge,
  type Forecast,
  storedForecast,
} from '../../../identity/authority/rotate/forecast.ts';
import type { AuthorityHandler } from '../authority-operations.ts';
import { FIRST_PAGE, pageOfBlockers } from '../blocker-page.ts';
import { maybeTime, timeText } from '../time-text.ts';

/** More IDs than that are counted, not listed. */
const MOST_LACKING = 1_000;

/** `POST /v1/authorities/<verb>`: done, or `rotation_blocked` with who is in the way. */
export const verbHandler =
  (verb: Verb): AuthorityHandler<`POST /v1/authorities/${Verb}`> =>
  async ({ who, asked }, { authority, log }) => {
    const order = { ...asked, who };
    const outcome = await authority[verb](order);
    log.info(
      { who, verb, use: order.use, override: order.override, reason: order.reason, done: outcome.done },
      `ca ${verb}`,
    );
    if (outcome.done) return outcome;
    const { blockers, etaSeconds } = outcome;
    const details: GateDetails = { ...(await pageOfBlockers(blockers, FIRST_PAGE)), etaSeconds: etaSeconds ?? null };
    throw new GatehouseError(
      'rotation_blocked',
      `${verb} would break ${blockers.length} ${blockers.length === 1 ? 'holder' : 'holders'}; gatehouse ca ${verb} names them`,
      { ...details },
    );
  };

/** What a verb would meet now, without an audit row. */
export const gate: AuthorityHandler<'GET /v1/authorities/gate'> = async ({ asked }, { authority }) => {
  const { authorityId, blockers, etaSeconds } = await authority.gate(asked.verb, asked);
  const page = await pageOfBlockers(blockers, asked);
  return { authorityId, open: blockers.length === 0, ...page, etaSeconds: etaSeconds ?? null };
};

/** What operators and the schedule did, newest first. */
export const audit: AuthorityHandler<'GET /v1/audit'> = async ({ asked }, { authority }) => ({
  rows: (await authority.audit(asked.limit)).map(({ at, who, ...rest }) => ({
    at: timeText(at),
    who,
    role: roleOf(who, rest.result),
    ...rest,
  })),
});

/** Only who operates leaves rows, but for those that say that a reader was refused. */
function roleOf(who: string, result: string): AuditAnswer['rows'][number]['role'] {
  if (result === 'caller_not_authorised') return 'read';
  return /^(uid:|spiffe:)/.test(who) ? 'operate' : '';
}

/** Rehearses a rotation; the forecast of one of the X.509 authorities is kept. */
export const rehearseNow: AuthorityHandler<'POST /v1/rehearsal'> = async ({ who, asked }, { authority, rehearse }) => {
  const { use: which } = asked;
  const forecast = await rehearse(which);
  if (which === 'x509') await authority.keepForecast(storedForecast(forecast), who);
  else await authority.note({ who, verb: 'ca rehearse', use: which, authorityId: '', reason: '', result: 'done' });
  return forecastRow(forecast);
};

const MOST_EDGES = 1_000;

async function forecastRow({ ifActivatedAtOnce, ifOverridden, laggards, ...rest }: Forecast): Promise<ForecastAnswer> {
  const { blockers, blockerCount } = await pageOfBlockers(laggards, FIRST_PAGE);
  const { startAt, activateSafeAt, taintSafeAt, revokeSafeAt, ...sizes } = rest;
  return {
    startAt: timeText(startAt),
    activateSafeAt: maybeTime(activateSafeAt),
    taintSafeAt: maybeTime(taintSafeAt),
    revokeSafeAt: maybeTime(revokeSafeAt),
    laggards: blockers,
    laggardCount: blockerCount,
    ifActivatedAtOnce: breakageRow(ifActivatedAtOnce),
    ifOverridden: breakageRow(ifOverridden),
    ...sizes,
  };
}

function breakageRow({ firstBreakAt, lacking, edges }: Breakage): BreakageRow {
  return {
    firstBreakAt: maybeTime(firstBreakAt),
    lacking: lacking.slice(0, MOST_LACKING),
    lackingCount: lacking.length,
    pairs: edges.slice(0, MOST_EDGES).map(({ caller, callee }: Edge) => ({ caller, callee })),
    pairCount: edges.length,
  };
}

/** The forecast that was kept last, beside what has been done since. @throws GatehouseError `not_found` */
export const forecastAndActual: AuthorityHandler<'GET /v1/rehearsal'> = async (_, { authority }) => {
  const both = await authority.compareForecast();
  if (!both) throw new GatehouseError('not_found', 'no rotation was rehearsed yet; gatehouse ca rehearse does');
  const { forecast, actual } = both;
  return {
    forecast: {
      ...forecast,
      startAt: timeText(forecast.startAt),
      activateSafeAt: maybeTime(forecast.activateSafeAt),
      taintSafeAt: maybeTime(forecast.taintSafeAt),
      revokeSafeAt: maybeTime(forecast.revokeSafeAt),
    },
    actual: {
      startAt: maybeTime(actual.startAt),
      activatedAt: maybeTime(actual.activatedAt),
      taintedAt: maybeTime(actual.taintedAt),
      revokedAt: maybeTime(actual.revokedAt),
      signingPeakPerSecond: actual.signingPeakPerSecond ?? null,
    },
  };
};
