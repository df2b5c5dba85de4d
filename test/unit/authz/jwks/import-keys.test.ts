import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'mocha';
import { importKeySet } from '../../../../src/authz/jwks/import-keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
const odd = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 17 }).publicKey.export({ format: 'jwk' });
const ec = (curve: string) => generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ format: 'jwk' });
const p256 = ec('P-256');
const p384 = ec('P-384');
const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
const privateRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const { crv: _, ...noCurve } = p256;
const { crv: __, ...noCurve384 } = p384;

const table: readonly { readonly name: string; readonly jwk: object; readonly usable: boolean }[] = [
  { name: 'RSA', jwk: rsa, usable: true },
  { name: 'RSA for PS512', jwk: { ...rsa, alg: 'PS512' }, usable: true },
  { name: 'RSA for ES256', jwk: { ...rsa, alg: 'ES256' }, usable: false },
  { name: 'RSA for encryption', jwk: { ...rsa, use: 'enc', key_ops: ['encrypt'] }, usable: true },
  { name: 'RSA with an odd exponent', jwk: odd, usable: false },
  { name: 'RSA without n', jwk: { kty: 'RSA', e: 'AQAB' }, usable: false },
  { name: 'RSA with its private part', jwk: privateRsa, usable: true },
  { name: 'EC', jwk: p256, usable: true },
  { name: 'EC of another algorithm', jwk: { ...p256, alg: 'ES384' }, usable: false },
  { name: 'EC without curve', jwk: noCurve, usable: true },
  { name: 'EC with its curve in the algorithm', jwk: { ...noCurve384, alg: 'ES384' }, usable: true },
  { name: 'EC off the curve', jwk: { ...p256, x: p384.x }, usable: false },
  { name: 'EC of an unknown curve', jwk: { ...p256, crv: 'secp256k1' }, usable: false },
  { name: 'Ed25519', jwk: ed, usable: true },
  { name: 'Ed25519 for another algorithm', jwk: { ...ed, alg: 'ES256' }, usable: false },
  { name: 'X25519', jwk: x25519, usable: false },
  { name: 'oct', jwk: { kty: 'oct', k: 'AAAA' }, usable: true },
  { name: 'oct and empty', jwk: { kty: 'oct', k: '' }, usable: false },
  { name: 'oct for RSA', jwk: { kty: 'oct', k: 'AAAA', alg: 'RS256' }, usable: false },
  { name: 'kty unknown', jwk: { kty: 'AKP' }, usable: false },
  { name: 'kty of a prototype', jwk: { kty: '__proto__' }, usable: false },
  { name: 'no kty', jwk: {}, usable: false },
];

describe('importKeySet', () => {
  for (const { name, jwk, usable } of table) {
    it(`${usable ? 'takes' : 'leaves out'} ${name}`, async () => {
      const { keys, failure } = await importKeySet(JSON.stringify({ keys: [jwk] }));
      assert.equal(keys.length, usable ? 1 : 0);
      assert.equal(failure, usable ? undefined : "Jwks doesn't have any valid public key");
      assert.ok(keys.every(({ key }) => key.type !== 'private'));
    });
  }

  it('keeps order, names and algorithms, and leaves out only what is bad', async () => {
    const keys = [{ ...rsa, kid: 'a', alg: 'RS256' }, 5, { kty: 'x' }, { ...p256, kid: 'b' }, ed];
    const set = await importKeySet(JSON.stringify({ keys }));
    assert.deepEqual(
      set.keys.map(({ kid, alg, kty, crv }) => ({ kid, alg, kty, crv })),
      [
        { kid: 'a', alg: 'RS256', kty: 'RSA', crv: undefined },
        { kid: 'b', alg: undefined, kty: 'EC', crv: 'P-256' },
        { kid: undefined, alg: undefined, kty: 'OKP', crv: 'Ed25519' },
      ],
    );
  });
});
