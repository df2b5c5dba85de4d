/**
 * Verifies JWT-SVIDs against the bundle of the subject's own trust domain.
 * @module
 */
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload } from 'jose';
import { GatehouseError } from '../../errors.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import { parseSpiffeId, pathOf, type SpiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/** The nine algorithms of JWT-SVID §2.1; everything else is refused. */
const jwtSvidAlgorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
];

const MAX_BYTES = 16 * 1024;

export type JwtSvidVerification =
  | { readonly ok: true; readonly spiffeId: SpiffeId; readonly claims: JWTPayload }
  | { readonly ok: false; readonly problem: string };

const no = (problem: string): JwtSvidVerification => ({ ok: false, problem });

/**
 * Verifies a token for one audience at `atMs`. Every negative outcome is a value that names the claim and the reason.
 *
 * @param bundles  by trust domain; a subject of another one is refused
 * @param leewayMs  how far clocks may be apart, at `exp` and `nbf`
 * @see JWT-SVID §2, §3, §5
 */
export async function verifyJwtSvid(
  token: string,
  audience: string,
  bundles: ReadonlyMap<TrustDomain, Bundle>,
  atMs: number,
  leewayMs = 0,
): Promise<JwtSvidVerification> {
  if (token.length > MAX_BYTES) return no(`it is longer than ${MAX_BYTES} bytes`);
  if (token.split('.').length !== 3) return no('it is not a JWS in compact form');
  try {
    const header = decodeProtectedHeader(token);
    const problem = problemOfHeader(header);
    if (problem !== undefined) return no(problem);
    const claims = decodeJwt(token);
    const spiffeId = subjectOf(claims);
    const bundle = bundles.get(trustDomainOf(spiffeId));
    if (!bundle) return no(`no bundle of trust domain ${trustDomainOf(spiffeId)} is known`);
    const authority = bundle.jwtAuthorities.find((each) => each.keyId === header.kid);
    if (!authority) return no(`key ${JSON.stringify(header.kid)} is not in the bundle of ${bundle.trustDomain}`);
    const key = await importJWK(authority.jwk, header.alg);
    await compactVerify(token, key, { algorithms: [...jwtSvidAlgorithms] });
    const late = problemOfClaims(claims, audience, atMs, leewayMs);
    return late === undefined ? { ok: true, spiffeId, claims } : no(late);
  } catch (thrown) {
    return no(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function problemOfHeader(header: Readonly<Record<string, unknown>>): string | undefined {
  const { alg, kid, typ, ...rest } = header;
  if (typeof alg !== 'string' || !jwtSvidAlgorithms.includes(alg)) return `alg ${JSON.stringify(alg)} is not accepted`;
  if (typeof kid !== 'string' || kid === '') return 'kid is missing';
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') return `typ ${JSON.stringify(typ)} is neither JWT nor JOSE`;
  const [other] = Object.keys(rest);
  return other === undefined ? undefined : `header ${JSON.stringify(other)} is not allowed`;
}

function subjectOf(claims: JWTPayload): SpiffeId {
  if (typeof claims.sub !== 'string') throw new GatehouseError('token_invalid', 'sub is missing');
  const spiffeId = parseSpiffeId(claims.sub);
  if (pathOf(spiffeId) === '') throw new GatehouseError('token_invalid', 'sub is a trust domain, not a workload');
  return spiffeId;
}

function problemOfClaims(claims: JWTPayload, audience: string, atMs: number, leewayMs: number): string | undefined {
  const { aud, exp, nbf } = claims;
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(audience)) return `aud does not hold ${JSON.stringify(audience)}`;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return 'exp is missing';
  if (exp * 1000 + leewayMs <= atMs) return `exp: it expired at ${new Date(exp * 1000).toISOString()}`;
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf * 1000 - leewayMs > atMs)) return 'nbf: it is not valid yet';
  return undefined;
}
