/**
 * The name of a decider elsewhere in ledger and gates.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';

/** @throws GatehouseError `message_invalid` when the decider has no sound name */
export function consumerOf(decider: string): string {
  if (/^[A-Za-z0-9._-]{1,128}$/.test(decider)) return `feed:${decider}`;
  throw new GatehouseError('message_invalid', 'a decider is named by 1 to 128 letters, digits, dots, - and _');
}
