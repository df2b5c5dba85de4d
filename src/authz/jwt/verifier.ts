/**
 * Verifies the tokens of a request as Envoy's jwt_authn does under Istio's configuration.
 * @module
 */
import type { VerifyTokens } from './verdict.ts';

export interface TokenVerifierOptions {
  /** Upper bound of what verified tokens may hold in memory, in bytes; default 8 MiB. */
  readonly cacheBytes?: number;
}

/** Creates a verifier with a cache of its own; one a decider. */
export function createTokenVerifier(_options: TokenVerifierOptions = {}): VerifyTokens {
  return () => ({
    outcome: 'rejected',
    status: 401,
    body: 'Jwt verification fails',
    wwwAuthenticate: 'Bearer error="invalid_token"',
    details: 'jwt_authn_access_denied{Jwt_verification_fails}',
    unknownKid: undefined,
  });
}
