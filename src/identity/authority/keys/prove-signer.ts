/**
 * Proves that a signer signs with the key that it says.
 * @module
 */
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import type { Signer } from './signer.ts';

/** Lets it sign something that goes nowhere, and verifies that. @throws GatehouseError `key_invalid`, `keys_unavailable` */
export async function proveSigner({ keyId, spki, sign }: Signer): Promise<void> {
  const bytes = randomBytes(32);
  const signature = await sign(bytes, 'sha256');
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  if (verify('sha256', bytes, key, signature)) return;
  throw new GatehouseError('key_invalid', `what is signed with the key ${keyId} is not signed by that key`, { keyId });
}
