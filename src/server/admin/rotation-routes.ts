/**
 * The verbs of rotation, `/v1/audit`, and `/v1/rehearsal`.
 * @module
 */
import * as z from 'zod';
import { GatehouseError } from '../../errors.ts';
import { type Breakage, type Edge, type Forecast, keptForecast } from '../../identity/authority/rotate/forecast.ts';
import { type Verb, verbs } from '../../identity/authority/rotate/orders.ts';
import type { AdminHandler } from './admin-handler.ts';
import { type AuthorityHandler, ofAuthority } from './authority-operations.ts';
import { blockerQueryOf, FIRST_PAGE, pageOfBlockers } from './blocker-page.ts';
import { bodyAs } from './body.ts';
import { limitOf } from './limit.ts';
import { maybeTime, timeText } from './time-text.ts';

/** More IDs than that are counted, not listed. */
const MOST_LACKING = 1_000;

const use = z.enum(['x509', 'jwt']).default('x509');
/** Read by `blockerQueryOf`. */
const paging = { limit: z.string().optional(), page: z.string().optional() };

const orderSchema = z.strictObject({
  use,
  authorityId: z
    .string()
    .regex(/^[0-9a-f]*$/, 'an authority is named by its id in lower-case hex, or the beginning of it')
    .default(''),
  reason: z.string().max(1000, 'a reason has at most 1,000 characters').default(''),
  override: z.boolean().default(false),
});

/** `POST /v1/authorities/<verb>`: done, or `rotation_blocked` with who is in the way. */
const verbRoute =
  (verb: Verb): AuthorityHandler =>
  async ({ who, body }, { authority, log }) => {
    const order = { ...bodyAs(orderSchema, body), who };
    const outcome = await authority[verb](order);
    log.info(
      { who, verb, use: order.use, override: order.override, reason: order.reason, done: outcome.done },
      `ca ${verb}`,
    );
    if (outcome.done) return outcome;
    const { blockers, etaSeconds } = outcome;
    throw new GatehouseError(
      'rotation_blocked',
      `${verb} would break ${blockers.length} ${blockers.length === 1 ? 'holder' : 'holders'}; gatehouse ca ${verb} names them`,
      { ...(await pageOfBlockers(blockers, FIRST_PAGE)), etaSeconds: etaSeconds ?? null },
    );
  };

export const verbRoutes: readonly (readonly [route: string, handle: AdminHandler])[] = verbs.map(
  (verb) => [`POST /v1/authorities/${verb}`, ofAuthority(verbRoute(verb))] as const,
);

/**
 * `?verb= &use= &authorityId= &limit= &page=`: what that verb would meet now, without an audit row. `next` of an answer is the
 * `page` of the one that follows.
 */
export const gate: AuthorityHandler = async ({ query }, { authority }) => {
  const wanted = blockerQueryOf(query);
  const asked = z
    .strictObject({ verb: z.enum(verbs), use, authorityId: z.string().default(''), ...paging })
    .safeParse(Object.fromEntries(query));
  if (!asked.success)
    throw new GatehouseError('message_invalid', `verb must be one of ${verbs.join(', ')}; use x509 or jwt`);
  const { authorityId, blockers, etaSeconds } = await authority.gate(asked.data.verb, asked.data);
  const page = await pageOfBlockers(blockers, wanted);
  return { authorityId, open: blockers.length === 0, ...page, etaSeconds: etaSeconds ?? null };
};

/** What operators and the schedule did, newest first: `?limit=`. */
export const audit: AuthorityHandler = async ({ query }, { authority }) => ({
  rows: (await authority.audit(limitOf(query, 100, 10_000))).map(({ at, ...rest }) => ({ at: timeText(at), ...rest })),
});

/** Rehearses a rotation; the forecast of one of the X.509 authorities is kept. */
export const rehearseNow: AuthorityHandler = async ({ who, body }, { authority, rehearse }) => {
  const { use: which } = bodyAs(z.strictObject({ use }), body);
  const forecast = await rehearse(which);
  if (which === 'x509') await authority.keepForecast(keptForecast(forecast), who);
  else await authority.note({ who, verb: 'ca rehearse', use: which, authorityId: '', reason: '', result: 'done' });
  return forecastRow(forecast);
};

const MOST_EDGES = 1_000;

async function forecastRow({ ifActivatedAtOnce, ifOverridden, laggards, ...rest }: Forecast) {
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

function breakageRow({ firstBreakAt, lacking, edges }: Breakage) {
  return {
    firstBreakAt: maybeTime(firstBreakAt),
    lacking: lacking.slice(0, MOST_LACKING),
    lackingCount: lacking.length,
    pairs: edges.slice(0, MOST_EDGES).map(({ caller, callee }: Edge) => ({ caller, callee })),
    pairCount: edges.length,
  };
}

/** The forecast that was kept last, beside what has been done since. @throws GatehouseError `not_found` */
export const forecastAndActual: AuthorityHandler = async (_, { authority }) => {
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
