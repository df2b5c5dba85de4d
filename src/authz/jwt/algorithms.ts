/**
 * The signature algorithms of RFC 7518 and RFC 8037 that jwt_authn knows: one row each.
 *
 * As in Envoy, the key's type says how a signature is checked and the token's `alg` says with which hash; so a row has a check for every type
 * of key. For an elliptic or symmetric key without an `alg` of its own, another family's name means SHA-256. An RSA key is used with RS and PS only.
 * @module
 */
import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { VerificationKey } from '../state.ts';

/** Checks one signature; `length` is the one fault that ends the search for a key. Never throws for a key of its type. */
export type Check = (key: VerificationKey, signed: Buffer, signature: Buffer) => boolean | 'length';

type Hash = 'sha256' | 'sha384' | 'sha512';
type Row = Readonly<Record<VerificationKey['kty'], Check>>;

const never: Check = () => false;

const pkcs1 =
  (hash: Hash): Check =>
  ({ key }, signed, signature) =>
    verify(hash, signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature);

const pss =
  (hash: Hash): Check =>
  ({ key }, signed, signature) =>
    verify(
      hash,
      signed,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
      signature,
    );

const coordinateBytes = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
]);

const ecdsa =
  (hash: Hash): Check =>
  ({ key, crv }, signed, signature) => {
    const pair = fixedPair(signature, coordinateBytes.get(crv ?? '') ?? 0);
    return pair !== undefined && verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, pair);
  };

/** The two halves as numbers of the curve's size, however long they were written; undefined if one is too large. */
function fixedPair(signature: Buffer, size: number): Buffer | undefined {
  const half = Math.floor(signature.length / 2);
  const out = Buffer.alloc(2 * size);
  for (const [index, start] of [0, half].entries()) {
    let from = start;
    while (from < start + half && signature[from] === 0) from++;
    const number = signature.subarray(from, start + half);
    if (number.length > size) return undefined;
    out.set(number, (index + 1) * size - number.length);
  }
  return out;
}

const hmac =
  (hash: Hash): Check =>
  ({ key }, signed, signature) => {
    const expected = createHmac(hash, key).update(signed).digest();
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  };

const ed25519: Check = ({ key, crv }, signed, signature) => {
  if (crv !== 'Ed25519') return false;
  return signature.length === 64 ? verify(null, signed, key, signature) : 'length';
};

const eddsa: Row = { RSA: never, EC: ecdsa('sha256'), oct: hmac('sha256'), OKP: ed25519 };
const rs = (hash: Hash): Row => ({ ...eddsa, RSA: pkcs1(hash) });
const ps = (hash: Hash): Row => ({ ...eddsa, RSA: pss(hash) });
const es = (hash: Hash): Row => ({ ...eddsa, EC: ecdsa(hash) });
const hs = (hash: Hash): Row => ({ ...eddsa, oct: hmac(hash) });

const rows: ReadonlyMap<string, Row> = new Map([
  ['RS256', rs('sha256')],
  ['RS384', rs('sha384')],
  ['RS512', rs('sha512')],
  ['PS256', ps('sha256')],
  ['PS384', ps('sha384')],
  ['PS512', ps('sha512')],
  ['ES256', es('sha256')],
  ['ES384', es('sha384')],
  ['ES512', es('sha512')],
  ['HS256', hs('sha256')],
  ['HS384', hs('sha384')],
  ['HS512', hs('sha512')],
  ['EdDSA', eddsa],
]);

/** True for every `alg` that a token may name; `none` is not one. */
export const isAlgorithm = (alg: string): boolean => rows.has(alg);

/** How a signature by `key` is checked in a token that names `alg`. */
export const checkOf = (alg: string, key: VerificationKey): Check => rows.get(alg)?.[key.kty] ?? never;
