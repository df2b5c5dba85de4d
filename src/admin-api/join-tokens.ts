/**
 * `/v1/join-tokens`: a token with which one decider elsewhere joins.
 * @module
 */
import * as z from 'zod';
import { instant } from './fields.ts';

const MOST_TTL_SECONDS = 7 * 24 * 3600;

/** The order of a token. */
export const joinTokenOrder = z.strictObject({
  ttlSeconds: z.int().min(1).max(MOST_TTL_SECONDS).default(600),
  reason: z.string().max(1000).default(''),
  /** The only one that may use it. */
  decider: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 letters, digits, dots, - and _')
    .optional(),
});

/** The token, and the authorities that the decider may believe until it knows more (PEM). */
export const joinTokenAnswer = z.object({
  trustDomain: z.string(),
  token: z.string(),
  expiresAt: instant,
  bundle: z.string(),
});

export type JoinTokenAnswer = z.output<typeof joinTokenAnswer>;
