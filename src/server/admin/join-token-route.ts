/**
 * `POST /v1/join-tokens`: lets one decider elsewhere join.
 * @module
 */
import * as z from 'zod';
import { GatehouseError } from '../../errors.ts';
import { certificatesToPem } from '../../identity/pki/pem.ts';
import type { AuthorityHandler } from './authority-operations.ts';
import { bodyAs } from './body.ts';
import { timeText } from './time-text.ts';

const MOST_TTL_SECONDS = 7 * 24 * 3600;

const orderSchema = z.strictObject({
  ttlSeconds: z.int().min(1).max(MOST_TTL_SECONDS).default(600),
  reason: z.string().max(1000).default(''),
  /** The only one that may use it. */
  decider: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 letters, digits, dots, - and _')
    .optional(),
});

/** The token, and the authorities that the decider may believe until it knows more. */
export const createJoinToken: AuthorityHandler = async ({ who, body }, { authority, log }) => {
  const { ttlSeconds, reason, decider } = bodyAs(orderSchema, body);
  const bundle = certificatesToPem(authority.bundles.value.own.x509Authorities);
  if (bundle === '')
    throw new GatehouseError('authority_not_ready', 'no authority is valid now: a decider could believe none');
  const { token, expiresAt } = await authority.joinTokens.create(ttlSeconds * 1000, who, reason, decider);
  log.info({ who, expiresAt: timeText(expiresAt) }, 'a join token was made');
  return {
    trustDomain: authority.trustDomain,
    token,
    expiresAt: timeText(expiresAt),
    bundle,
  };
};
