/**
 * `POST /v1/keys/rewrap`: wraps all keys with another key-encryption key.
 * @module
 */
import { asGatehouseError } from '../../../errors.ts';
import type { AuthorityHandler } from '../authority-operations.ts';

/** Done, or which keys could not be read. */
export const rewrapKeys: AuthorityHandler<'POST /v1/keys/rewrap'> = async ({ who, asked }, { authority, log }) => {
  const { reason } = asked;
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
