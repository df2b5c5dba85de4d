/**
 * What an operator orders of the authority, and what came of it.
 * @module
 */
import { Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import type { Verb } from '../../identity/authority/rotate/orders.ts';
import type { AdminClient } from '../admin/admin-client.ts';
import type { Blocked } from './blockers.ts';

export interface UseFlags {
  readonly kind: 'x509' | 'jwt';
  readonly jwt?: boolean;
}

/** The options that say which authorities are meant. */
export function useOptions(): readonly Option[] {
  return [
    new Option('--kind <use>', 'which authorities: those of certificates or of tokens')
      .choices(['x509', 'jwt'])
      .default('x509'),
    new Option('--jwt', 'the same as --kind jwt'),
  ];
}

/** Which authorities the flags mean. */
export function useOf({ kind, jwt }: UseFlags): 'x509' | 'jwt' {
  return jwt === true ? 'jwt' : kind;
}

export interface OrderBody {
  readonly use: 'x509' | 'jwt';
  readonly authorityId?: string;
  readonly reason?: string;
  readonly override?: boolean;
}

/** What the contract says of a verb that was refused. */
export type Outcome =
  | { readonly done: true; readonly authorityId: string; readonly sequence: number }
  | ({ readonly done: false; readonly code: 'rotation_blocked' | 'slot_state'; readonly message: string } & Blocked);

/** Gives the order. A refusal is an answer; everything else is thrown. */
export async function order(client: AdminClient, verb: Verb, body: OrderBody): Promise<Outcome> {
  try {
    return (await client.post(`/v1/authorities/${verb}`, body)) as Outcome; // the API's own shape
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError)) throw thrown;
    const { code, message, details } = thrown;
    if (code === 'slot_state') return { done: false, code, message, blockers: [], blockerCount: 0, etaSeconds: null };
    if (code !== 'rotation_blocked') throw thrown;
    return { done: false, code, message, ...(details as unknown as Blocked) }; // likewise
  }
}
