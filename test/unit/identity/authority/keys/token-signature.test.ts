import assert from 'node:assert/strict';
import { constants, createPrivateKey, generateKeyPairSync, privateEncrypt, sign, verify } from 'node:crypto';
import { tokenSignatures } from '../../../../../src/identity/authority/keys/token-signature.ts';

const half = (hex: string): Buffer => Buffer.from(hex.padStart(64, '0'), 'hex');

describe('tokenSignatures', () => {
  const rows: readonly { name: string; r: string; s: string; want: string }[] = [
    { name: 'small numbers', r: '01', s: '7f', want: '300602010102017f' },
    { name: 'a number with its highest bit set', r: '80', s: '01', want: '300702020080020101' },
    { name: 'zeros within', r: '0100', s: '02', want: '3007020201000201 02'.replace(' ', '') },
  ];
  for (const { name, r, s, want } of rows) {
    it(`writes r and s as DER: ${name}`, () => {
      const der = tokenSignatures['ec-p256'].signatureOf(Buffer.concat([half(r), half(s)]));
      assert.equal(Buffer.from(der).toString('hex'), want);
    });
  }

  for (const [keyType, namedCurve, digest] of [
    ['ec-p256', 'prime256v1', 'sha256'],
    ['ec-p384', 'secp384r1', 'sha384'],
  ] as const) {
    it(`writes 50 signatures of ${keyType} so that OpenSSL verifies them`, () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
      for (let i = 0; i < 50; i += 1) {
        const bytes = Buffer.from(`message ${i}`);
        const raw = sign(digest, bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
        assert.ok(verify(digest, bytes, publicKey, tokenSignatures[keyType].signatureOf(raw)));
      }
    });
  }

  it('gives RSA what becomes a signature of RFC 8017 §8.2', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    for (const digest of ['sha256', 'sha384', 'sha512'] as const) {
      const input = tokenSignatures['rsa-2048'].inputOf(Buffer.from('text'), digest);
      const raw = privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, input);
      assert.ok(verify(digest, Buffer.from('text'), publicKey, tokenSignatures['rsa-2048'].signatureOf(raw)));
    }
  });

  it('refuses a signature of another length', () => {
    assert.throws(() => tokenSignatures['ec-p256'].signatureOf(Buffer.alloc(63)), /63 bytes instead of 64/);
    assert.throws(() => tokenSignatures['rsa-2048'].signatureOf(Buffer.alloc(64)), /64 bytes instead of 256/);
  });
});
