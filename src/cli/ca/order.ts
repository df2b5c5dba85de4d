/**
 * What an operator orders of the authority, and what came of it.
 * @module
 */
import { Option } from 'commander';
import type { Verb, VerbAnswer } from '../../admin-api/authorities.ts';
import { type AdminClient, checkedDetails } from '../../admin-api/client.ts';
import { type GateDetails, gateDetails } from '../../admin-api/errors.ts';
import type { Use } from '../../admin-api/fields.ts';
import type { Question } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';

/** What the options of `useOptions` say. */
export interface UseFlags {
  readonly kind: Use;
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
export function useOf({ kind, jwt }: UseFlags): Use {
  return jwt === true ? 'jwt' : kind;
}

type Refused = { readonly done: false; readonly code: 'rotation_blocked' | 'slot_state'; readonly message: string };

/** A verb that was done, or who is in its way. */
export type Outcome = VerbAnswer | (Refused & GateDetails);

/**
 * Gives the order. A refusal is an answer; everything else is thrown.
 *
 * @throws GatehouseError as `AdminClient.ask` does
 */
export async function order(
  client: AdminClient,
  verb: Verb,
  body: Question<`POST /v1/authorities/${Verb}`>,
): Promise<Outcome> {
  try {
    return await client.ask(`POST /v1/authorities/${verb}`, body);
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError)) throw thrown;
    const { code, message } = thrown;
    if (code === 'slot_state') return { done: false, code, message, blockers: [], blockerCount: 0, etaSeconds: null };
    if (code !== 'rotation_blocked') throw thrown;
    return { done: false, code, message, ...checkedDetails(thrown, gateDetails) };
  }
}
