import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { curves, ecPublicKey, rsaPublicKey } from '../../../../src/platform/pkcs11/public-key.ts';

const spkiOf = (key: { export(options: { type: 'spki'; format: 'der' }): Buffer }): Buffer =>
  key.export({ type: 'spki', format: 'der' });

describe('ecPublicKey', () => {
  for (const [keyType, namedCurve] of [
    ['ec-p256', 'prime256v1'],
    ['ec-p384', 'secp384r1'],
  ] as const) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    const want = spkiOf(publicKey);
    const point = want.subarray(-(1 + 2 * curves[keyType].bytes));

    it(`takes a point of ${keyType} as it is, and in an OCTET STRING`, () => {
      assert.deepEqual(ecPublicKey(curves[keyType], point), want);
      assert.deepEqual(ecPublicKey(curves[keyType], Buffer.concat([Buffer.of(4, point.length), point])), want);
    });

    it(`refuses what is no point of ${keyType}`, () => {
      for (const wrong of [Buffer.alloc(0), point.subarray(1), Buffer.concat([Buffer.of(3, point.length), point])])
        assert.throws(() => ecPublicKey(curves[keyType], wrong), RangeError);
    });
  }
});

describe('rsaPublicKey', () => {
  it('takes a modulus with and without a zero before it', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
    for (const written of [modulus, Buffer.concat([Buffer.of(0), modulus])])
      assert.deepEqual(rsaPublicKey(written, Buffer.of(1, 0, 1)), spkiOf(publicKey));
  });
});
