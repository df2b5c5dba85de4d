/**
 * Makes tokens and key sets, by jose and OpenSSL.
 * @module
 */
import { constants, createHmac, KeyObject, randomBytes, sign, type webcrypto } from 'node:crypto';
import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { TokenRule } from '../../src/policy/model.ts';

// biome-ignore format: one family a line
export const algorithms = [
  'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'HS256', 'HS384', 'HS512', 'EdDSA',
] as const;
export type Algorithm = (typeof algorithms)[number];

/** A key pair of an issuer, named by its algorithm. */
export interface Issuing {
  readonly alg: Algorithm;
  /** The public key (for HS the secret), without `kid` and `alg`. */
  readonly jwk: JWK;
  readonly privateKey: webcrypto.CryptoKey | Uint8Array;
}

/** Generates one pair. */
export async function issuingKey(alg: Algorithm): Promise<Issuing> {
  if (alg.startsWith('HS')) {
    const secret = new Uint8Array(randomBytes(64));
    return { alg, jwk: { kty: 'oct', k: Buffer.from(secret).toString('base64url') }, privateKey: secret };
  }
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, jwk: await exportJWK(publicKey), privateKey };
}

export type Payload = Readonly<Record<string, unknown>>;
export type Header = Readonly<Record<string, unknown>>;

/** Signs with jose. `payload` may be any text or bytes; `header` is added to `alg`. */
export function mint(key: Issuing, payload: Payload | string | Uint8Array, header: Header = {}): Promise<string> {
  const bytes =
    payload instanceof Uint8Array
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return new CompactSign(bytes).setProtectedHeader({ ...header, alg: key.alg }).sign(key.privateKey);
}

/** How OpenSSL signs, for tokens that jose would not make. */
export type Signer = (signed: Buffer) => Buffer;

/** A token of any header and payload text, latin1. */
export function assemble(header: string, payload: string, signer: Signer): string {
  const text = [header, payload].map((part) => Buffer.from(part, 'latin1').toString('base64url')).join('.');
  return `${text}.${signer(Buffer.from(text)).toString('base64url')}`;
}

export type Hash = 'sha256' | 'sha384' | 'sha512';

const nodeKey = ({ privateKey }: Issuing): KeyObject => KeyObject.from(privateKey as webcrypto.CryptoKey);
export const rsa =
  (key: Issuing, hash: Hash): Signer =>
  (signed) =>
    sign(hash, signed, nodeKey(key));
export const rsaPss =
  (key: Issuing, hash: Hash, saltLength: number): Signer =>
  (signed) =>
    sign(hash, signed, { key: nodeKey(key), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
export const ecdsa =
  (key: Issuing, hash: Hash): Signer =>
  (signed) =>
    sign(hash, signed, { key: nodeKey(key), dsaEncoding: 'ieee-p1363' });
export const hmac =
  (secret: Uint8Array | string, hash: Hash): Signer =>
  (signed) =>
    createHmac(hash, secret).update(signed).digest();
export const edwards =
  (key: Issuing): Signer =>
  (signed) =>
    sign(null, signed, nodeKey(key));

/** A rule with defaults: inline keys, nothing else set. */
export function tokenRule(jwks: string, fields: Partial<TokenRule> = {}): TokenRule {
  return {
    position: { file: 'test.yaml', line: 1, column: 1 },
    issuer: 'https://issuer.example',
    audiences: [],
    keys: { from: 'inline', id: `inline:${jwks}`, jwks },
    fromHeaders: [],
    fromParams: [],
    fromCookies: [],
    forwardOriginalToken: false,
    outputPayloadToHeader: '',
    outputClaimToHeaders: [],
    spaceDelimitedClaims: ['permission', 'scope'],
    fetchTimeoutMs: 5000,
    ...fields,
  };
}

export const keySetText = (...keys: readonly JWK[]): string => JSON.stringify({ keys });
