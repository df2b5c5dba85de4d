/**
 * What an OIDC client needs to verify JWT-SVIDs: where our keys are, and the keys (OpenID Connect Discovery 1.0 §3, §4; RFC 7517 §5).
 *
 * A document of its own beside the SPIFFE bundle: most clients take only keys that say `use: sig`, and some refuse a whole set for one
 * key of a kind that they do not know. The issuer is the configured one, whatever host somebody asked.
 * @module
 */
import type { Bundle, JwtAuthority } from '../../../spiffe/bundle.ts';

/** Where discovery lies below an issuer (Discovery §4). */
const WELL_KNOWN = '/.well-known/openid-configuration';
const KEYS = '/keys';

/** Both documents, JSON, and the paths they are asked by. */
export interface OidcDocuments {
  readonly discovery: { readonly path: string; readonly body: string };
  readonly keys: { readonly path: string; readonly body: string };
}

/**
 * Writes both; undefined while the bundle holds no JWT key, since an empty set is an error to many clients.
 *
 * @param issuer  `https://HOST[:PORT][/PATH]` without a slash at its end; what tokens say as `iss`
 */
export function oidcDocuments(
  issuer: string,
  { jwtAuthorities }: Pick<Bundle, 'jwtAuthorities'>,
): OidcDocuments | undefined {
  if (jwtAuthorities.length === 0) return undefined;
  const { pathname } = new URL(issuer);
  const below = pathname === '/' ? '' : pathname;
  const discovery = {
    issuer,
    jwks_uri: `${issuer}${KEYS}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(jwtAuthorities.map(algorithmOf))].sort(),
    claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti'],
  };
  return {
    discovery: { path: `${below}${WELL_KNOWN}`, body: JSON.stringify(discovery) },
    keys: { path: `${below}${KEYS}`, body: JSON.stringify({ keys: jwtAuthorities.map(keyOf) }) },
  };
}

function keyOf(authority: JwtAuthority): object {
  const { kty, crv, x, y, n, e } = authority.jwk;
  const key = { kty, use: 'sig', alg: algorithmOf(authority), kid: authority.keyId, crv, x, y, n, e };
  return JSON.parse(JSON.stringify(key)) as object; // without what is undefined
}

/** As the key says; one of a kind that never says is what its curve signs with (RFC 7518 §3.1). */
function algorithmOf({ jwk }: JwtAuthority): string {
  if (typeof jwk['alg'] === 'string') return jwk['alg'];
  return jwk.kty === 'RSA' ? 'RS256' : jwk.crv === 'P-384' ? 'ES384' : 'ES256';
}
