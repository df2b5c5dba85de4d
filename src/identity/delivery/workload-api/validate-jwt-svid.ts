/**
 * Validation of JWT-SVIDs.
 * @module
 */
import { createPublicKey } from 'node:crypto';
import type { JsonObject } from '@bufbuild/protobuf';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { GatehouseError } from '../../../errors.ts';
import type { Bundle } from '../../../spiffe/bundle.ts';
import { parseSpiffeId, pathOf, type SpiffeId, trustDomainOf } from '../../../spiffe/spiffe-id.ts';

/** JWT-SVID §3.1: no other algorithm may be accepted. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
const HEADERS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);
/** A token of ours may be a second from the future of another machine. */
const LEEWAY_SECONDS = 5;
const MAX_TOKEN_BYTES = 64 * 1024;
/** What we pass on of a foreign trust domain's token: the claims that the standards define. */
const STANDARD_CLAIMS: ReadonlySet<string> = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']);

/** A token, and by what it is to be validated. */
export interface JwtSvidQuestion {
  /** Compact form. */
  readonly token: string;
  readonly audience: string;
  /** The first is our own; each verifies its own trust domain only, they are never merged. */
  readonly trusted: readonly Bundle[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The identity and the claims of a valid token. */
export interface ValidJwtSvid {
  readonly spiffeId: SpiffeId;
  /** `aud` is always a list. */
  readonly claims: JsonObject;
}

/**
 * Validates a JWT-SVID for one audience.
 *
 * @throws GatehouseError `message_invalid` whatever is wrong with it; `details.peerText` says what
 * @see JWT-SVID §2 to §5
 */
export async function validateJwtSvid({ token, audience, trusted, now }: JwtSvidQuestion): Promise<ValidJwtSvid> {
  if (token.length > MAX_TOKEN_BYTES) throw invalid('it is too long');
  const { alg, kid } = readHeader(token);
  const spiffeId = readSubject(token);
  const bundle = trusted.find(({ trustDomain }) => trustDomain === trustDomainOf(spiffeId));
  if (bundle === undefined) throw invalid(`no bundle for trust domain ${trustDomainOf(spiffeId)}`);
  const authority = bundle.jwtAuthorities.find(({ keyId }) => keyId === kid);
  if (authority === undefined) throw invalid(`its key ${JSON.stringify(kid)} is not in the bundle of its trust domain`);
  try {
    const { payload } = await jwtVerify(token, createPublicKey({ key: authority.jwk, format: 'jwk' }), {
      algorithms: [alg],
      audience,
      requiredClaims: ['sub', 'aud', 'exp'],
      currentDate: new Date(now),
      clockTolerance: LEEWAY_SECONDS,
    });
    const aud = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
    const own = bundle === trusted[0];
    const kept = Object.entries({ ...payload, aud }).filter(([name]) => own || STANDARD_CLAIMS.has(name));
    return { spiffeId, claims: Object.fromEntries(kept) as JsonObject }; // it came from JSON
  } catch (thrown) {
    throw invalid(thrown instanceof errors.JOSEError ? thrown.message : 'its key does not fit its algorithm', thrown);
  }
}

function readHeader(token: string): { alg: string; kid: string } {
  const header = attempt(() => decodeProtectedHeader(token), 'it is no compact JWS');
  const foreign = Object.keys(header).find((name) => !HEADERS.has(name));
  if (foreign !== undefined) throw invalid(`header ${JSON.stringify(foreign)} is not allowed`);
  const { alg, kid, typ } = header;
  if (alg === undefined || !ALGORITHMS.includes(alg)) throw invalid(`algorithm ${JSON.stringify(alg)} is not allowed`);
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') throw invalid(`typ ${JSON.stringify(typ)} is not allowed`);
  if (typeof kid !== 'string' || kid === '') throw invalid('it names no key (kid)');
  return { alg, kid };
}

/** The subject says which bundle verifies the token; it is not believed before that. */
function readSubject(token: string): SpiffeId {
  const { sub } = attempt(() => decodeJwt(token), 'its claims are no JSON object');
  if (sub === undefined) throw invalid('it has no subject (sub)');
  const id = attempt(() => parseSpiffeId(sub), 'its subject is no SPIFFE ID');
  if (pathOf(id) === '') throw invalid('its subject is a trust domain, not a workload');
  return id;
}

function attempt<T>(read: () => T, otherwise: string): T {
  try {
    return read();
  } catch (thrown) {
    throw invalid(otherwise, thrown);
  }
}

function invalid(reason: string, cause?: unknown): GatehouseError {
  return new GatehouseError(
    'message_invalid',
    `the JWT-SVID is not valid: ${reason}`,
    { peerText: `the JWT-SVID is not valid: ${reason}` },
    { cause },
  );
}
