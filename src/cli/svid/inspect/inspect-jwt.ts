/**
 * Looks into a JWT-SVID.
 * @module
 */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { GatehouseError } from '../../../errors.ts';
import { validateJwtSvid } from '../../../identity/delivery/workload-api/validate-jwt-svid.ts';
import { tokenDeviations } from '../../../spiffe/jwt-svid-deviations.ts';
import { parseSpiffeId, type SpiffeId, trustDomainOf } from '../../../spiffe/spiffe-id.ts';
import type { BundleFile } from './bundle-file.ts';
import { type PlacedDeviation, type Validity, type Verification, validityOf } from './report.ts';

/** What is known of a token. */
export interface TokenReport {
  readonly spiffeId: SpiffeId | undefined;
  readonly validity: Validity;
  readonly header: object;
  readonly claims: object;
  readonly verification: Verification | null;
  readonly deviations: readonly PlacedDeviation[];
}

/** Three parts of base64url, as `gatehouse jwt fetch` prints them; `Bearer` before it is no part of it. */
export const tokenIn = (text: string): string | undefined =>
  /^\s*(?:Bearer\s+)?([\w-]+\.[\w-]+\.[\w-]*)\s*$/i.exec(text)?.[1];

/**
 * Looks into a token.
 *
 * @param audience  whom it must be for; undefined: whomever it names first
 * @param now  milliseconds since 1970
 * @throws GatehouseError `token_invalid` for what is no token at all
 */
export async function inspectToken(
  token: string,
  audience: string | undefined,
  bundle: BundleFile | undefined,
  now: number,
): Promise<TokenReport> {
  const parts = decoded(token);
  const { sub, exp, nbf } = parts.claims;
  const spiffeId = idOf(sub);
  return {
    ...parts,
    spiffeId,
    validity: validityOf(atMs(nbf), atMs(exp), now),
    verification:
      bundle === undefined
        ? null
        : await verified(token, audience ?? firstOf(parts.claims['aud']), spiffeId, bundle, now),
    deviations: tokenDeviations(parts).map((each) => ({ at: 'token', ...each })),
  };
}

function decoded(token: string) {
  try {
    // both are whatever the token says: nothing is believed, only told
    const header = decodeProtectedHeader(token) as Record<string, unknown>;
    return { header, claims: decodeJwt(token) as Record<string, unknown> };
  } catch (cause) {
    throw new GatehouseError(
      'token_invalid',
      'it looks like a token, but its header or claims are no JSON',
      {},
      { cause },
    );
  }
}

function idOf(sub: unknown): SpiffeId | undefined {
  try {
    return typeof sub === 'string' ? parseSpiffeId(sub) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds since 1970 in milliseconds. */
const atMs = (seconds: unknown): number | undefined => (typeof seconds === 'number' ? seconds * 1000 : undefined);

function firstOf(aud: unknown): string {
  const [first]: unknown[] = Array.isArray(aud) ? aud : [aud];
  return typeof first === 'string' ? first : '';
}

async function verified(
  token: string,
  audience: string,
  spiffeId: SpiffeId | undefined,
  { file, bundleOf }: BundleFile,
  now: number,
): Promise<Verification> {
  const no = (reason: string): Verification => ({ file, verified: false, reason, until: null });
  if (spiffeId === undefined) return no('there is no SPIFFE ID that says which trust domain it is of');
  const bundle = bundleOf(trustDomainOf(spiffeId));
  if (bundle.jwtAuthorities.length === 0)
    return no('the bundle has no keys for tokens: give it as a JWK Set (gatehouse bundle show --format jwks)');
  try {
    await validateJwtSvid({ token, audience, trusted: [bundle], now });
    return { file, verified: true, reason: null, until: null };
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return no(thrown.message);
    throw thrown;
  }
}
