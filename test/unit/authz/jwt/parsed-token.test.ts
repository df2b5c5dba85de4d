import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { maxTokenBytes, parseToken } from '../../../../src/authz/jwt/parsed-token.ts';
import { statusText, type TokenFault } from '../../../../src/authz/jwt/status.ts';

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'latin1').toString('base64url');
const token = (header: unknown, payload: unknown, signature = 'AAAA'): string =>
  `${encode(header)}.${encode(payload)}.${signature}`;
const rs = { alg: 'RS256' };

const faults: readonly { readonly text: string; readonly want: TokenFault }[] = [
  { text: '', want: 'badFormat' },
  { text: 'a.b', want: 'badFormat' },
  { text: 'a.b.c.d', want: 'badFormat' },
  { text: `${token(rs, {})}${'A'.repeat(maxTokenBytes)}`, want: 'badFormat' },
  { text: 'x'.repeat(100_000), want: 'badFormat' },
  { text: '!.e30.AA', want: 'headerBadBase64' },
  { text: token('[]', {}), want: 'headerBadJson' },
  { text: token('{"alg":"RS256","alg":"RS256"}', {}), want: 'headerBadJson' },
  { text: token({}, {}), want: 'headerBadAlg' },
  { text: token({ alg: null }, {}), want: 'headerBadAlg' },
  { text: token({ alg: 'none' }, {}), want: 'headerAlgNotSupported' },
  { text: token({ alg: 'rs256' }, {}), want: 'headerAlgNotSupported' },
  { text: token({ alg: '__proto__' }, {}), want: 'headerAlgNotSupported' },
  { text: token({ ...rs, kid: 5 }, {}), want: 'headerBadKid' },
  { text: token({ ...rs, kid: null }, {}), want: 'headerBadKid' },
  { text: `${encode(rs)}.!.AA`, want: 'payloadBadBase64' },
  { text: token(rs, 'x'), want: 'payloadBadJson' },
  { text: token(rs, '{"a":1,"a":1}'), want: 'payloadBadJson' },
  { text: token(rs, `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`), want: 'payloadBadJson' },
  { text: token(rs, '{"exp":1e999}'), want: 'payloadBadJson' },
  { text: token(rs, { iss: 1 }), want: 'issNotString' },
  { text: token(rs, { sub: [] }), want: 'subNotString' },
  { text: token(rs, { iat: 'x' }), want: 'iatNotInteger' },
  { text: token(rs, { iat: -1 }), want: 'iatOutOfRange' },
  { text: token(rs, { nbf: true }), want: 'nbfNotInteger' },
  { text: token(rs, { nbf: 1e20 }), want: 'nbfOutOfRange' },
  { text: token(rs, { exp: null }), want: 'expNotInteger' },
  { text: token(rs, { exp: -0.1 }), want: 'expOutOfRange' },
  { text: token(rs, { jti: {} }), want: 'jtiNotString' },
  { text: token(rs, { aud: ['a', 1] }), want: 'audNotString' },
  { text: token(rs, {}, 'A'), want: 'signatureBadBase64' },
  { text: token(rs, {}, 'AA='), want: 'signatureBadBase64' },
];

describe('parseToken', () => {
  for (const { text, want } of faults) {
    it(`says «${statusText[want]}» of ${text.slice(0, 60)}`, () => assert.equal(parseToken(text), want));
  }

  it('reads what Envoy reads', () => {
    const payload = '{"iss":"i","sub":"s","aud":"a","nbf":1.9,"exp":12345678901234567890,"__proto__":{"x":1}}';
    const parsed = parseToken(`.${token({ ...rs, kid: 'k' }, payload, 'QUJD')}..`);
    assert.ok(typeof parsed === 'object');
    const { payload: claims, ...rest } = parsed;
    assert.deepEqual(rest, {
      alg: 'RS256',
      kid: 'k',
      iss: 'i',
      sub: 's',
      audiences: ['a'],
      nbf: 1,
      exp: 12345678901234567000,
      payloadText: encode(payload),
      signedText: `${encode({ ...rs, kid: 'k' })}.${encode(payload)}`,
      signature: 'ABC',
    });
    assert.deepEqual(claims.get('__proto__'), new Map([['x', 1]]));
  });
});
