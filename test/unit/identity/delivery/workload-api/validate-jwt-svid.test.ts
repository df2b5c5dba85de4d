import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { validateJwtSvid } from '../../../../../src/identity/delivery/workload-api/validate-jwt-svid.ts';
import type { Bundle } from '../../../../../src/spiffe/bundle.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
const seconds = now / 1000;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

function bundle(name: string, keys: Record<string, KeyObject>): Bundle {
  const jwtAuthorities = Object.entries(keys).map(([keyId, key]) => ({ keyId, jwk: key.export({ format: 'jwk' }) }));
  return {
    trustDomain: parseTrustDomain(name),
    sequence: 1,
    refreshHintSeconds: 300,
    x509Authorities: [],
    jwtAuthorities,
  };
}
const trusted = [
  bundle('cluster.local', { k1: ec.publicKey, r1: rsa.publicKey }),
  bundle('partner.test', { k1: other.publicKey }),
];

const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const goodHeader = { alg: 'ES256', kid: 'k1', typ: 'JWT' };
const goodClaims = {
  sub: 'spiffe://cluster.local/ns/a/sa/b',
  aud: ['x', 'y'],
  exp: seconds + 60,
  iat: seconds,
  extra: 1,
};

function token(header: object = {}, claims: object = {}, key: KeyObject = ec.privateKey): string {
  const input = `${b64({ ...goodHeader, ...header })}.${b64({ ...goodClaims, ...claims })}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
const ask = (text: string, audience = 'x') => validateJwtSvid({ token: text, audience, trusted, now });

const foreign = { sub: 'spiffe://partner.test/w' };
const hmac = () => {
  const input = `${b64({ alg: 'HS256', kid: 'k1' })}.${b64(goodClaims)}`;
  return `${input}.${createHmac('sha256', 'k').update(input).digest('base64url')}`;
};

/** With a signature over something else. */
const changed = () => {
  const [header, , signature] = token().split('.');
  return `${header}.${b64({ ...goodClaims, more: 1 })}.${signature}`;
};

const bad = [
  { name: 'another audience', token: token(), audience: 'z', why: /aud/ },
  { name: 'no audience (JWT-SVID §3.2)', token: token({}, { aud: undefined }), why: /aud/ },
  { name: 'an expired one', token: token({}, { exp: seconds - 60 }), why: /exp/ },
  { name: 'one without exp (§3.3)', token: token({}, { exp: undefined }), why: /exp/ },
  { name: 'one that is not yet valid', token: token({}, { nbf: seconds + 60 }), why: /nbf/ },
  { name: 'a signature by another key', token: token({}, {}, other.privateKey), why: /signature/ },
  { name: 'a foreign trust domain signed by our key (§5)', token: token({}, foreign), why: /signature/ },
  { name: 'a trust domain that we do not know', token: token({}, { sub: 'spiffe://else.test/w' }), why: /no bundle/ },
  { name: 'a key that is not in the bundle', token: token({ kid: 'k9' }), why: /not in the bundle/ },
  { name: 'no kid', token: token({ kid: undefined }), why: /names no key/ },
  { name: 'alg none', token: `${b64({ alg: 'none', kid: 'k1' })}.${b64(goodClaims)}.`, why: /algorithm "none"/ },
  { name: 'a symmetric algorithm', token: hmac(), why: /algorithm "HS256"/ },
  { name: 'an algorithm that does not fit the key', token: token({ alg: 'RS256' }), why: /not valid/ },
  { name: 'a header that is not allowed (§2.1)', token: token({ jku: 'https://x' }), why: /header "jku"/ },
  { name: 'a strange typ', token: token({ typ: 'at+jwt' }), why: /typ/ },
  { name: 'no subject (§3.1)', token: token({}, { sub: undefined }), why: /no subject/ },
  { name: 'a subject that is no SPIFFE ID', token: token({}, { sub: 'bob' }), why: /no SPIFFE ID/ },
  {
    name: 'a subject without path',
    token: token({}, { sub: 'spiffe://cluster.local' }),
    why: /trust domain, not a workload/,
  },
  { name: 'JSON serialisation', token: JSON.stringify({ protected: b64(goodHeader) }), why: /no compact JWS/ },
  { name: 'a changed claim', token: changed(), why: /signature/ },
  ...['', 'a.b', '..', 'a.b.c', '.'.repeat(20_000)].map((text) => ({
    name: `nonsense, ${text.length} bytes of it`,
    token: text,
    why: /no compact JWS/,
  })),
  { name: 'far too much', token: 'a'.repeat(70_000), why: /too long/ },
];

describe('validateJwtSvid', () => {
  it('accepts a good one, and gives aud as a list', async () => {
    const { spiffeId, claims } = await ask(token({}, { aud: 'x' }));
    assert.equal(spiffeId, goodClaims.sub);
    assert.deepEqual(claims, { ...goodClaims, aud: ['x'] });
  });

  it('accepts typ JOSE (JWT-SVID §2.3)', async () => {
    assert.equal((await ask(token({ typ: 'JOSE' }))).spiffeId, goodClaims.sub);
  });

  it('accepts RS256', async () => {
    const input = `${b64({ alg: 'RS256', kid: 'r1' })}.${b64(goodClaims)}`;
    const { spiffeId } = await ask(
      `${input}.${sign('sha256', Buffer.from(input), rsa.privateKey).toString('base64url')}`,
    );
    assert.equal(spiffeId, goodClaims.sub);
  });

  it('passes on only standard claims of a foreign trust domain', async () => {
    const { claims } = await ask(token({}, foreign, other.privateKey));
    assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'sub']);
  });

  for (const { name, token: text, audience, why } of bad) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(ask(text, audience), { code: 'message_invalid', message: why });
    });
  }
});
