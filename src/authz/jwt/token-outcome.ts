/**
 * What token verification is asked, and what it answers.
 *
 * All strings of requests and tokens are byte strings (`lib/byte-string.ts`).
 * @module
 */
import type { TokenRule } from '../../policy/model.ts';
import type { KeySets } from '../state.ts';
import type { Claims } from './claims.ts';

/** The part of a request that holds tokens. Any `Facts` is one. */
export interface TokenRequest {
  /** One value a line, in order; empty if absent. `name` is lower-case; pseudo-headers too, `:path` with its query. */
  header(name: string): readonly string[];
}

/**
 * Verifies the tokens of a request now, awaiting nothing and never throwing.
 *
 * @param rules  every rule of every RequestAuthentication that selects the workload, in any order. Pass the same array
 *               again for the next request: what is derived from it is kept by its identity.
 * @param nowMs  milliseconds since 1970
 */
export type VerifyTokens = (
  request: TokenRequest,
  rules: readonly TokenRule[],
  keySets: KeySets,
  nowMs: number,
) => TokenOutcome;

/** `none`: no token where the rules look, or a CORS preflight; the request goes on without a principal. */
export type TokenOutcome = NoToken | TokenAccepted | TokenRejected;

/** No token where the rules look. */
export interface NoToken {
  readonly outcome: 'none';
  readonly effects: TokenEffects;
  readonly unknownKid: UnknownKid | undefined;
}

/** A token was accepted. */
export interface TokenAccepted {
  readonly outcome: 'accepted';
  /** The rule whose token gives the claims. */
  readonly rule: TokenRule;
  /** The payload, with `scope`, `permission` and `spaceDelimitedClaims` split into lists. */
  readonly claims: Claims;
  /** `iss/sub`; empty if either is missing or empty. For people: policies match `iss` and `sub` apart. */
  readonly requestPrincipal: string;
  readonly effects: TokenEffects;
  readonly unknownKid: UnknownKid | undefined;
}

/** A token was refused, as jwt_authn refuses it. */
export interface TokenRejected {
  readonly outcome: 'rejected';
  /** 403 for a wrong audience, else 401. */
  readonly status: 401 | 403;
  /** jwt_authn's text, e.g. `Jwt is expired`. */
  readonly body: string;
  /** Value of the `www-authenticate` header. */
  readonly wwwAuthenticate: string;
  /** Envoy's response code details, e.g. `jwt_authn_access_denied{Jwt_is_expired}`. */
  readonly details: string;
  readonly unknownKid: UnknownKid | undefined;
}

/**
 * What jwt_authn has done to the request when the policies see it. Policies must be asked about the request after it, and
 * every allow must carry it upstream.
 */
export interface TokenEffects {
  /** Lower-case names: tokens that are not forwarded, and every header that a rule may write (a client may not forge it). */
  readonly headersToRemove: readonly string[];
  /** Written after the removal. Lower-case names. */
  readonly headersToSet: readonly (readonly [name: string, value: string])[];
  /** Parameters that held a token which is not forwarded. */
  readonly queryParametersToRemove: readonly string[];
  /** `:path` without them; undefined if it stays as it is. */
  readonly pathAfter: string | undefined;
}

/** A token named a key that its key set does not have: worth a fetch, for the next request. */
export interface UnknownKid {
  /** `KeySource.id` of the rule. */
  readonly keySet: string;
  readonly kid: string;
}
