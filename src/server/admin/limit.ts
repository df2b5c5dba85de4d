/**
 * Limits of the admin API's lists.
 * @module
 */
import { GatehouseError } from '../../errors.ts';

/** The query's `limit`, a whole number from 1 to `most`. @throws GatehouseError `message_invalid` */
export function limitOf(query: URLSearchParams, usual: number, most: number): number {
  const text = query.get('limit');
  if (text === null) return usual;
  const limit = /^[1-9][0-9]{0,6}$/.test(text) ? Number(text) : 0;
  if (limit === 0 || limit > most) {
    throw new GatehouseError('message_invalid', `limit must be a number from 1 to ${most}`);
  }
  return limit;
}
