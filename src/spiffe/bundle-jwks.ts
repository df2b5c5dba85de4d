/**
 * Trust bundles as JWK Sets, both ways.
 * @module
 */
import { type JsonWebKey, X509Certificate } from 'node:crypto';
import { GatehouseError } from '../errors.ts';
import type { Bundle, JwtAuthority, OwnBundle } from './bundle.ts';
import { JsonRefused, readStrictJson, type StrictJson } from './strict-json.ts';
import type { TrustDomain } from './trust-domain.ts';

const MAX_BYTES = 4 * 1024 * 1024;
/** More than anybody has, and few enough to look through at every request that one of them might have signed. */
const MAX_AUTHORITIES = 200;
/** Of 128 bits: more than anybody counts to. */
const MAX_DIGITS = 39;
const CURVES: ReadonlySet<unknown> = new Set(['P-256', 'P-384', 'P-521']);
const DEFAULT_REFRESH_HINT_SECONDS = 300;

/**
 * The SPIFFE form of a bundle: one key an authority, `use` first, certificates in `x5c`, no `kid` for X.509.
 *
 * @see SPIFFE Trust Domain and Bundle §4; X509-SVID §6.2; JWT-SVID §6.2
 */
export function bundleToJwks(bundle: Bundle): string {
  return documentOf([...bundle.x509Authorities.map(x509Jwk), ...bundle.jwtAuthorities.map(jwtJwk)], bundle);
}

/** Only the keys that verify JWT-SVIDs, which is what FetchJWTBundles sends (Workload API §6.2.2). */
export function jwtBundleToJwks(bundle: Bundle): string {
  return documentOf(bundle.jwtAuthorities.map(jwtJwk), bundle);
}

/** Its last members are numbers, the sequence of any size. */
function documentOf(keys: readonly object[], { sequence, refreshHintSeconds }: Bundle): string {
  return `{"keys":${JSON.stringify(keys)},"spiffe_sequence":${sequence},"spiffe_refresh_hint":${refreshHintSeconds}}`;
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
 * Reads the SPIFFE form. Keys of an unknown `kty`, `crv` or `use`, and X.509 keys without `x5c`, are passed over, as the standard
 * demands; of several certificates in `x5c` only the first counts. What stands there twice counts once.
 *
 * @param text  JSON, at most 4 MiB
 * @throws GatehouseError `message_invalid`, `details.reason` says why
 * @see SPIFFE Trust Domain and Bundle §4
 */
export function bundleFromJwks(trustDomain: TrustDomain, text: string): Bundle {
  const { value: document, numbers } = read(trustDomain, text);
  if (!isObject(document) || !Array.isArray(document['keys'])) return refuse(trustDomain, 'it has no list "keys"');
  const x509Authorities = new Map<string, Uint8Array>();
  const jwtAuthorities = new Map<string, JwtAuthority>();
  for (const jwk of document['keys'] as unknown[]) {
    if (!isObject(jwk) || !isOfKnownKind(jwk)) continue;
    if (jwk['use'] === 'x509-svid') {
      const der = certificateOf(trustDomain, jwk);
      if (der) x509Authorities.set(der.toString('base64'), der);
    } else if (jwk['use'] === 'jwt-svid') {
      const authority = jwtAuthorityOf(trustDomain, jwk);
      const other = jwtAuthorities.get(authority.keyId);
      if (other !== undefined && JSON.stringify(other) !== JSON.stringify(authority))
        refuse(trustDomain, `it has two keys of the kid ${JSON.stringify(authority.keyId)}`);
      jwtAuthorities.set(authority.keyId, authority);
    }
    if (x509Authorities.size + jwtAuthorities.size > MAX_AUTHORITIES)
      refuse(trustDomain, `it has more than ${MAX_AUTHORITIES} authorities`);
  }
  return {
    trustDomain,
    sequence: sequenceOf(trustDomain, document, numbers),
    refreshHintSeconds: wholeNumber(trustDomain, document, 'spiffe_refresh_hint') || DEFAULT_REFRESH_HINT_SECONDS,
    x509Authorities: [...x509Authorities.values()],
    jwtAuthorities: [...jwtAuthorities.values()],
  };
}

/** Who names no curve is not passed over: its certificate has one, or it is no key. */
const isOfKnownKind = ({ kty, crv }: Record<string, unknown>): boolean =>
  kty === 'RSA' || (kty === 'EC' && (crv === undefined || CURVES.has(crv)));

/** Likewise, of a trust domain that we number ourselves. */
export function ownBundleFromJwks(trustDomain: TrustDomain, text: string): OwnBundle {
  const { sequence, ...bundle } = bundleFromJwks(trustDomain, text);
  return typeof sequence === 'number'
    ? { ...bundle, sequence }
    : refuse(trustDomain, 'its spiffe_sequence is over 2^53 - 1, which none of ours ever is');
}

function read(trustDomain: TrustDomain, text: string): StrictJson {
  if (text.length > MAX_BYTES) refuse(trustDomain, `it is longer than ${MAX_BYTES} bytes`);
  try {
    return readStrictJson(text);
  } catch (thrown) {
    if (thrown instanceof JsonRefused) return refuse(trustDomain, thrown.message);
    throw thrown;
  }
}

/** 0: it names none. A double holds no number over 2^53 exactly, so it is read as it is written. */
function sequenceOf(
  trustDomain: TrustDomain,
  document: Record<string, unknown>,
  numbers: StrictJson['numbers'],
): number | bigint {
  if (document['spiffe_sequence'] === undefined) return 0;
  const written = numbers.get('spiffe_sequence') ?? '';
  if (!/^\d+$/.test(written) || written.length > MAX_DIGITS)
    return refuse(trustDomain, `spiffe_sequence is not a whole number of at most ${MAX_DIGITS} digits`);
  const exact = BigInt(written);
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}

function certificateOf(trustDomain: TrustDomain, jwk: Record<string, unknown>): Buffer | undefined {
  const chain: unknown = jwk['x5c'];
  const [first] = Array.isArray(chain) ? (chain as unknown[]) : [];
  if (first === undefined) return undefined;
  if (typeof first !== 'string') return refuse(trustDomain, 'an x5c entry is not text');
  try {
    const certificate = new X509Certificate(Buffer.from(first, 'base64'));
    if (!certificate.ca) return refuse(trustDomain, 'a certificate in x5c is not a CA');
    return certificate.raw;
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    return refuse(trustDomain, 'an x5c entry is not a certificate');
  }
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
