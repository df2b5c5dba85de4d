/**
 * Key sets as jwt_authn of an Envoy is given them: the public keys by which Check verifies, and no others.
 * @module
 */
import type { TokenKeySets, TokenKeys } from '../../../policy/compile-envoy/tokens/token-filters.ts';
import { costOf } from '../../jwt/verification-budget.ts';
import type { KeySet, KeySets, VerificationKey } from '../../state.ts';

/** Writes every set anew, so that equal keys are equal texts, and nothing of a document travels that nobody has looked at. */
export function tokenKeysOf({ sets }: KeySets): TokenKeySets {
  return new Map([...sets].map(([id, set]) => [id, keysOf(set)]));
}

function keysOf({ keys }: KeySet): TokenKeys {
  const hasSecrets = keys.some(({ kty }) => kty === 'oct');
  return {
    jwks: keys.length === 0 || hasSecrets ? undefined : JSON.stringify({ keys: keys.map(jwkOf) }),
    hasSecrets,
    cost: keys.reduce((sum, key) => sum + costOf(key), 0),
  };
}

/** `kid` and `alg` limit what a key is good for; `use` and the like do not, in Envoy as in Check. */
function jwkOf({ kid, alg, kty, key }: VerificationKey): object {
  const { crv, n, e, x, y } = key.export({ format: 'jwk' });
  return { kty, ...(kid && { kid }), ...(alg && { alg }), ...(kty === 'RSA' ? { n, e } : { crv, x, y }) };
}
