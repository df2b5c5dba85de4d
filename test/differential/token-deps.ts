/**
 * What verifying tokens takes in a replay: the real verifier, the keys that stand in the policies themselves.
 * @module
 */
import type { KeySetDocument } from '../../src/authz/jwks/documents.ts';
import { importKeySets } from '../../src/authz/jwks/import-key-sets.ts';
import { createTokenVerifier } from '../../src/authz/jwt/verifier.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import type { PlayDeps } from './player.ts';

/** Keys that would have to be fetched stay unknown. */
export async function tokenDeps(model: PolicyModel): Promise<PlayDeps> {
  const documents = new Map<string, KeySetDocument>();
  for (const stage of model.planes.flatMap(({ stages }) => stages)) {
    if (stage.kind !== 'token') continue;
    for (const { keys } of stage.policies.flatMap(({ rules }) => rules)) {
      documents.set(keys.id, {
        jwks: keys.from === 'inline' ? keys.jwks : undefined,
        failure: undefined,
        fetchedAt: 0,
      });
    }
  }
  return {
    verifyTokens: createTokenVerifier(),
    keySets: await importKeySets({ generation: 1, documents }),
  };
}
