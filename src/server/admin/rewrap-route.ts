/**
 * `POST /v1/keys/rewrap`: wraps all keys with another key-encryption key.
 * @module
 */
import * as z from 'zod';
import { asGatehouseError } from '../../errors.ts';
import type { AuthorityHandler } from './authority-operations.ts';
import { bodyAs } from './body.ts';

const orderSchema = z.strictObject({ reason: z.string().max(1000).default('') });

/** Done, or which keys could not be read. */
export const rewrapKeys: AuthorityHandler = async ({ who, body }, { authority, log }) => {
  const { reason } = bodyAs(orderSchema, body);
  try {
    const outcome = await authority.rewrap(who, reason);
    log.info({ who, reason, ...outcome }, 'keys were wrapped anew');
    return { done: outcome.unreadable.length === 0, ...outcome };
  } catch (thrown) {
    const result = asGatehouseError(thrown).code;
    await authority.note({ who, verb: 'ca rewrap', use: '', authorityId: '', reason, result });
    throw thrown;
  }
};
