/**
 * Finds a key of a set that verifies a token.
 * @module
 */
import type { KeySet, VerificationKey } from '../state.ts';
import { checkOf } from './algorithms.ts';
import type { ParsedToken } from './parsed-token.ts';
import type { TokenStatus } from './status.ts';
import type { VerificationBudget } from './verification-budget.ts';

/**
 * Tries the keys in order. A `kid` in the token rules out keys that have another one, not those that have none; a key's own `alg` must be the
 * token's. A key that the budget does not allow verifies nothing.
 */
export function verifySignature(
  token: ParsedToken,
  keySet: KeySet | undefined,
  budget: VerificationBudget,
): TokenStatus {
  if (keySet === undefined || keySet.keys.length === 0) {
    return keySet?.failure === "Jwks doesn't have any valid public key" ? 'noValidKeys' : 'fetchFailed';
  }
  const signed = Buffer.from(token.signedText, 'latin1');
  const signature = Buffer.from(token.signature, 'latin1');
  let tried = false;
  for (const key of keySet.keys) {
    if (!isCandidate(token, key)) continue;
    tried = true;
    if (!budget.allows(key)) break;
    const verdict = attempt(token.alg, key, signed, signature);
    if (verdict === 'length') return 'ed25519SignatureLength';
    if (verdict) return 'ok';
  }
  return tried ? 'verificationFails' : 'noMatchingKey';
}

/** True if the set has a key of that name. */
export const hasKey = (keySet: KeySet | undefined, kid: string): boolean =>
  keySet?.keys.some((key) => key.kid === kid) === true;

const isCandidate = (token: ParsedToken, key: VerificationKey): boolean =>
  !(token.kid && key.kid && key.kid !== token.kid) && !(key.alg && key.alg !== token.alg);

/** OpenSSL throws where a signature cannot be of this key at all, for instance by its length. */
function attempt(alg: string, key: VerificationKey, signed: Buffer, signature: Buffer): boolean | 'length' {
  try {
    return checkOf(alg, key)(key, signed, signature);
  } catch {
    return false;
  }
}
