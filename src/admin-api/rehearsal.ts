/**
 * `/v1/rehearsal`: what a rotation that began now would do, and what the last one did.
 * @module
 */
import * as z from 'zod';
import { blocker } from './errors.ts';
import { instant, instantOrNull, list, use } from './fields.ts';

/** Which authorities are rehearsed. */
export const rehearsalOrder = z.strictObject({ use: use.default('x509') });

const breakage = z.object({
  /** When the first certificate or token that somebody does not trust is in use; null: never, or nobody was seen to call. */
  firstBreakAt: instantOrNull,
  /** SPIFFE IDs; of fetchers that have none, the name of the consumer. */
  lacking: list(z.string()),
  /** How many there are; at most 1,000 are named. */
  lackingCount: z.number(),
  /** At most 1,000 of them. */
  pairs: list(z.object({ caller: z.string(), callee: z.string() })),
  pairCount: z.number(),
});

export type BreakageRow = z.output<typeof breakage>;

/** When each step is safe; null: not by waiting alone. */
const safeSteps = {
  startAt: instant,
  activateSafeAt: instantOrNull,
  taintSafeAt: instantOrNull,
  revokeSafeAt: instantOrNull,
};

/** What would come. */
export const forecastAnswer = z.object({
  /** `x509` or `jwt`. */
  use: z.string(),
  ...safeSteps,
  /** Connected, and not known ever to acknowledge. */
  laggards: list(blocker),
  laggardCount: z.number(),
  /** What breaks if `activate` were overridden at once. */
  ifActivatedAtOnce: breakage,
  /** What breaks if it were overridden when everybody is ready who ever will be. */
  ifOverridden: breakage,
  /** Certificates or tokens that are out. */
  liveSvids: z.number(),
  signingPeakPerSecond: z.object({ paced: z.number(), allAtOnce: z.number() }),
  pacing: z.object({
    renewalsPerSecond: z.number(),
    canaries: z.number(),
    canaryHoldMs: z.number(),
    spreadMs: z.number(),
  }),
});

export type ForecastAnswer = z.output<typeof forecastAnswer>;

/** The forecast that was kept last, beside what was done since; null: that step has not been taken. */
export const comparisonAnswer = z.object({
  forecast: z.object({
    ...safeSteps,
    liveSvids: z.number(),
    /** SPIFFE IDs, at most 100 of them. */
    laggards: list(z.string()),
    signingPeakPerSecond: z.number(),
  }),
  actual: z.object({
    startAt: instantOrNull,
    activatedAt: instantOrNull,
    taintedAt: instantOrNull,
    revokedAt: instantOrNull,
    signingPeakPerSecond: z.number().nullable(),
  }),
});

export type ComparisonAnswer = z.output<typeof comparisonAnswer>;
