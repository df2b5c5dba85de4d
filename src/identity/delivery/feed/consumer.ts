/**
 * The name of a decider elsewhere in ledger and gates.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { DeciderProof, FeedNames } from './feed-deps.ts';

/** @throws GatehouseError `message_invalid` when a message names a decider by what is no name */
export function consumerOf(decider: string): string {
  if (/^[A-Za-z0-9._-]{1,128}$/.test(decider)) return `feed:${decider}`;
  throw new GatehouseError('message_invalid', 'a decider is named by 1 to 128 letters, digits, dots, - and _');
}

/**
 * Finds out who asks: by the certificate that was proved, whatever the message says. Over a unix socket, where root and our own
 * user are, the message's word is good.
 *
 * @param said  the name in the message
 * @returns undefined for a certificate that was not enrolled here under any name
 * @throws GatehouseError `not_entitled` when it says another's, or was thrown out; `message_invalid`; `store_unavailable`
 */
export async function provenName(proof: DeciderProof, said: string, names: FeedNames): Promise<string | undefined> {
  consumerOf(said);
  const name = proof.by === 'socket' ? said : await names.ofSerial(proof.serial);
  if (name === undefined) return undefined;
  if (names.isThrownOut(name)) throw refuse(`the decider ${name} was thrown out`);
  if (name === said) return name;
  throw refuse(
    `this certificate is of the decider ${name}, not of ${said}: a decider has one name, the one with which it joined`,
  );
}

/** As `provenName`, for who only follows: one without a name, or while the store is away, goes by its certificate. */
export async function followersName(proof: DeciderProof, said: string, names: FeedNames): Promise<string> {
  try {
    const name = await provenName(proof, said, names);
    if (name !== undefined) return name;
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError) || thrown.code !== 'store_unavailable') throw thrown;
  }
  return proof.by === 'socket' ? said : `serial:${proof.serial}`; // no message can say that
}

/** What a peer may read is the reason itself. */
export function refuse(text: string): GatehouseError {
  return new GatehouseError('not_entitled', text, { peerText: text });
}
