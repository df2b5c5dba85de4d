/**
 * `/v1/requests`: who asked for what of whom and what was said, counted exactly: by method and shape of path, too.
 * @module
 */
import * as z from 'zod';
import { counting, effect, instant, limit, list, seenBy } from '../fields.ts';

/** How many rows, and of which decision. */
export const requestsQuestion = z.object({ limit: limit(10_000, 100_000), decision: effect.optional() });

const request = z.object({
  /** As in `/v1/edges`, like the fields that follow. */
  decider: seenBy,
  caller: z.string(),
  destination: z.string(),
  namespace: z.string(),
  port: z.number().nullable(),
  protocol: z.string(),
  /** Null where it is no HTTP; with `http`: these found no row of their own. */
  method: z.string().nullable(),
  /**
   * As `paths` of an AuthorizationPolicy: a pattern of a policy of that workload, or the path, its numbers and ids as `{*}`. After `=`: a
   * path that no policy can name.
   */
  path: z.string().nullable(),
  decision: effect,
  count: z.number(),
  lastAt: instant,
});

export type RequestRow = z.output<typeof request>;

/** A decider, and what is not among the rows. */
const counter = z.object({
  ...counting,
  /** Checks that have no edge, and HTTP requests that have an edge and no row. */
  overflow: z.object({ allowed: z.number(), denied: z.number() }),
  unshaped: z.object({ allowed: z.number(), denied: z.number() }),
  /** Decider processes that ended without a last word: what they counted in their last second or two is lost. */
  lost: z.number(),
});

/** Most first. */
export const requestsAnswer = z.object({ requests: list(request), requestCount: z.number(), deciders: list(counter) });

export type RequestsAnswer = z.output<typeof requestsAnswer>;
