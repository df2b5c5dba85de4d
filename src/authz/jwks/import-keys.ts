/**
 * JWKS text → keys that verify (RFC 7517, 7518, 8037), with the rules of Envoy's library: a key that cannot be used is left out.
 * @module
 */
import { createSecretKey, KeyObject } from 'node:crypto';
import { importJWK, type JWK } from 'jose';
import { decodeBase64Url } from '../jwt/base64url.ts';
import { type Claims, claimAt } from '../jwt/claims.ts';
import { parseJsonObject } from '../jwt/json.ts';
import type { KeySet, VerificationKey } from '../state.ts';

/** Reads a key set, in its order. With no usable key, `failure` says so. Never rejects. */
export async function importKeySet(jwks: string): Promise<KeySet> {
  const entries = keyEntries(jwks) ?? [];
  const keys = (await Promise.all(entries.map(importKey))).filter((key) => key !== undefined);
  return { keys, failure: keys.length === 0 ? "Jwks doesn't have any valid public key" : undefined };
}

/** The members of `keys` that are objects; undefined if the text is no JSON object with a list of that name. */
export function keyEntries(jwks: string): readonly Claims[] | undefined {
  const keys = parseJsonObject(Buffer.from(jwks, 'utf8').toString('latin1'))?.get('keys');
  return Array.isArray(keys) ? keys.filter((key) => key instanceof Map) : undefined;
}

/** How one type of key is read: the members that it needs and the algorithms that it may name. */
interface KeyType {
  readonly members: readonly string[];
  readonly algorithms: RegExp;
  /** Curve of the key, or undefined if this cannot be a key of its type; '' where there is none. */
  curve(jwk: Claims, alg: string): string | undefined;
  /** What jose is told if the key names no algorithm; it only guards what WebCrypto would let the key do. */
  defaultAlgorithm(curve: string): string;
}

const curveOf = new Map([
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
]);
const algorithmOf = new Map([...curveOf].map(([alg, curve]) => [curve, alg]));

/** Only the two exponents in use are accepted. */
function rsaCurve(jwk: Claims): string | undefined {
  const e = textOf(jwk, 'e');
  const exponent = Buffer.from(decodeBase64Url(e ?? '') ?? '', 'latin1').toString('hex');
  return /^0*(?:3|10001)$/.test(exponent) ? '' : undefined;
}

/** The curve by name or by algorithm, which must not contradict each other; P-256 if there is neither. */
function ellipticCurve(jwk: Claims, alg: string): string | undefined {
  if (jwk.has('crv') && textOf(jwk, 'crv') === undefined) return undefined;
  const crv = textOf(jwk, 'crv') ?? '';
  const byAlgorithm = alg === '' ? '' : curveOf.get(alg);
  if (crv === '') return byAlgorithm === '' ? 'P-256' : byAlgorithm;
  return algorithmOf.has(crv) && (alg === '' || byAlgorithm === crv) ? crv : undefined;
}

const ellipticAlgorithm = (curve: string): string => algorithmOf.get(curve) ?? 'ES256';

const edwardsCurve = (jwk: Claims): string | undefined => (textOf(jwk, 'crv') === 'Ed25519' ? 'Ed25519' : undefined);

const textOf = (jwk: Claims, name: string): string | undefined => {
  const value = claimAt(jwk, [name]);
  return typeof value === 'string' ? value : undefined;
};

const keyTypes: ReadonlyMap<string, KeyType> = new Map<string, KeyType>([
  ['RSA', { members: ['n', 'e'], algorithms: /^(?:RS|PS)/, curve: rsaCurve, defaultAlgorithm: () => 'RS256' }],
  ['EC', { members: ['x', 'y'], algorithms: /^ES/, curve: ellipticCurve, defaultAlgorithm: ellipticAlgorithm }],
  ['oct', { members: ['k'], algorithms: /^HS(?:256|384|512)$/, curve: () => '', defaultAlgorithm: () => 'HS256' }],
  ['OKP', { members: ['x'], algorithms: /^EdDSA$/, curve: edwardsCurve, defaultAlgorithm: () => 'EdDSA' }],
]);

async function importKey(jwk: Claims): Promise<VerificationKey | undefined> {
  const kty = textOf(jwk, 'kty') ?? '';
  const type = keyTypes.get(kty);
  const alg = textOf(jwk, 'alg') ?? '';
  if (type === undefined || (alg !== '' && !type.algorithms.test(alg))) return undefined;
  const crv = type.curve(jwk, alg);
  const members = type.members.map((name) => [name, normalized(textOf(jwk, name))] as const);
  if (crv === undefined || members.some(([, value]) => !value)) return undefined;
  // Only what makes the public key: `use`, `key_ops` and a private part are not used here.
  const plain = Object.fromEntries([['kty', kty], ...(crv === '' ? [] : [['crv', crv]]), ...members]) as JWK;
  const key = await importPlain(plain, type.defaultAlgorithm(crv));
  if (key === undefined) return undefined;
  // The type was looked up in the table of the four.
  return {
    kid: textOf(jwk, 'kid'),
    alg: alg || undefined,
    kty: kty as VerificationKey['kty'],
    crv: crv || undefined,
    key,
  };
}

/** Base64url without what Envoy's decoder would skip; '' if it is none. */
function normalized(text: string | undefined): string {
  const bytes = decodeBase64Url(text ?? '') ?? '';
  return Buffer.from(bytes, 'latin1').toString('base64url');
}

async function importPlain(jwk: JWK, alg: string): Promise<KeyObject | undefined> {
  try {
    const key = await importJWK(jwk, alg);
    return key instanceof Uint8Array ? createSecretKey(key) : KeyObject.from(key);
  } catch {
    return undefined;
  }
}
