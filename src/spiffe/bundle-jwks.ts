/**
 * Trust bundles as JWK Sets, both ways.
 * @module
 */
import { type JsonWebKey, X509Certificate } from 'node:crypto';
import { GatehouseError } from '../errors.ts';
import type { Bundle, JwtAuthority } from './bundle.ts';
import type { TrustDomain } from './trust-domain.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const DEFAULT_REFRESH_HINT_SECONDS = 300;

/**
 * The SPIFFE form of a bundle: one key an authority, `use` first, certificates in `x5c`, no `kid` for X.509.
 *
 * @see SPIFFE Trust Domain and Bundle §4; X509-SVID §6.2; JWT-SVID §6.2
 */
export function bundleToJwks(bundle: Bundle): string {
  return JSON.stringify({
    keys: [...bundle.x509Authorities.map(x509Jwk), ...bundle.jwtAuthorities.map(jwtJwk)],
    spiffe_sequence: bundle.sequence,
    spiffe_refresh_hint: bundle.refreshHintSeconds,
  });
}

/** Only the keys that verify JWT-SVIDs, which is what FetchJWTBundles sends (Workload API §6.2.2). */
export function jwtBundleToJwks(bundle: Bundle): string {
  return JSON.stringify({
    keys: bundle.jwtAuthorities.map(jwtJwk),
    spiffe_sequence: bundle.sequence,
    spiffe_refresh_hint: bundle.refreshHintSeconds,
  });
}

function x509Jwk(der: Uint8Array): object {
  const jwk = new X509Certificate(der).publicKey.export({ format: 'jwk' });
  return { use: 'x509-svid', ...jwk, x5c: [Buffer.from(der).toString('base64')] };
}

function jwtJwk({ keyId, jwk: { kty, crv, x, y, n, e } }: JwtAuthority): object {
  return JSON.parse(JSON.stringify({ use: 'jwt-svid', kty, kid: keyId, crv, x, y, n, e })); // without what is undefined
}

function refuse(trustDomain: TrustDomain, reason: string): never {
  throw new GatehouseError('message_invalid', `the bundle of ${trustDomain} is not valid: ${reason}`, {
    trustDomain,
    reason,
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads the SPIFFE form. Keys of an unknown `kty` or `use`, and X.509 keys without `x5c`, are passed over, as the standard
 * demands; of several certificates in `x5c` only the first counts.
 *
 * @param text  JSON, at most 4 MiB
 * @throws GatehouseError `message_invalid`, `details.reason` says why
 * @see SPIFFE Trust Domain and Bundle §4
 */
export function bundleFromJwks(trustDomain: TrustDomain, text: string): Bundle {
  if (text.length > MAX_BYTES) refuse(trustDomain, `it is longer than ${MAX_BYTES} bytes`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return refuse(trustDomain, 'it is not JSON');
  }
  if (!isObject(document) || !Array.isArray(document['keys'])) return refuse(trustDomain, 'it has no list "keys"');
  const x509Authorities: Uint8Array[] = [];
  const jwtAuthorities: JwtAuthority[] = [];
  for (const jwk of document['keys'] as unknown[]) {
    if (!isObject(jwk) || (jwk['kty'] !== 'EC' && jwk['kty'] !== 'RSA')) continue;
    if (jwk['use'] === 'x509-svid') {
      const der = certificateOf(trustDomain, jwk);
      if (der) x509Authorities.push(der);
    } else if (jwk['use'] === 'jwt-svid') {
      jwtAuthorities.push(jwtAuthorityOf(trustDomain, jwk));
    }
  }
  return {
    trustDomain,
    sequence: wholeNumber(trustDomain, document, 'spiffe_sequence') ?? 0,
    refreshHintSeconds: wholeNumber(trustDomain, document, 'spiffe_refresh_hint') ?? DEFAULT_REFRESH_HINT_SECONDS,
    x509Authorities,
    jwtAuthorities,
  };
}

function certificateOf(trustDomain: TrustDomain, jwk: Record<string, unknown>): Uint8Array | undefined {
  const chain: unknown = jwk['x5c'];
  const [first] = Array.isArray(chain) ? (chain as unknown[]) : [];
  if (first === undefined) return undefined;
  if (typeof first !== 'string') return refuse(trustDomain, 'an x5c entry is not text');
  const der = Buffer.from(first, 'base64');
  try {
    if (!new X509Certificate(der).ca) return refuse(trustDomain, 'a certificate in x5c is not a CA');
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    return refuse(trustDomain, 'an x5c entry is not a certificate');
  }
  return der;
}

function jwtAuthorityOf(trustDomain: TrustDomain, jwk: Record<string, unknown>): JwtAuthority {
  const keyId = jwk['kid'];
  if (typeof keyId !== 'string' || keyId === '') return refuse(trustDomain, 'a jwt-svid key has no kid');
  const { kty, crv, x, y, n, e } = jwk;
  return { keyId, jwk: JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JsonWebKey }; // checked when it is imported
}

function wholeNumber(trustDomain: TrustDomain, document: Record<string, unknown>, name: string): number | undefined {
  const value = document[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    return refuse(trustDomain, `${name} is not a whole number of at most 2^53 - 1`);
  }
  return value;
}
