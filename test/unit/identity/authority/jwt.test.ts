import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { GatehouseError } from '../../../../src/errors.ts';
import { ecdsaToCompact } from '../../../../src/identity/authority/issue/jwt-issuer.ts';
import type { JwtAlgorithm } from '../../../../src/identity/authority/settings.ts';
import { verifyJwtSvid } from '../../../../src/identity/pki/jwt-svid.ts';
import type { Bundle } from '../../../../src/spiffe/bundle.ts';
import { jwtBundleToOidcJwks } from '../../../../src/spiffe/bundle-jwks.ts';
import type { TrustDomain } from '../../../../src/spiffe/trust-domain.ts';
import { openTestAuthority, requestOf, trustDomain } from '../../../support/authority.ts';

const ask = (audiences: string[]) => ({ ...requestOf('a', 'workload-api'), audiences });

describe('issueJwt', () => {
  for (const alg of ['ES256', 'ES384', 'RS256', 'RS384', 'RS512'] as JwtAlgorithm[]) {
    it(`signs ${alg} that jose verifies by the published keys`, async () => {
      const { authority, clock } = await openTestAuthority({ jwtAlgorithm: alg });
      const { token, expiresAt } = await authority.issueJwt(ask(['db']));
      const keys = createLocalJWKSet(JSON.parse(jwtBundleToOidcJwks(authority.bundles.value.own)));
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        audience: 'db',
        currentDate: new Date(clock.now()),
        algorithms: [alg],
      });
      assert.equal(payload.sub, 'spiffe://cluster.local/ns/default/sa/a');
      assert.equal(payload.exp, expiresAt / 1000);
      assert.equal(payload.exp! - payload.iat!, 300);
      assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
    });
  }

  it('needs an audience, and keeps several', async () => {
    const { authority } = await openTestAuthority();
    for (const audiences of [[], ['']]) {
      await assert.rejects(
        authority.issueJwt(ask(audiences)),
        (e) => e instanceof GatehouseError && e.code === 'message_invalid',
      );
    }
    const { token } = await authority.issueJwt(ask(['a', 'b']));
    assert.deepEqual(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).aud, ['a', 'b']);
  });

  it('writes a ledger row for each, by its jti', async () => {
    const { authority } = await openTestAuthority();
    const { token } = await authority.issueJwt(ask(['a']));
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    assert.equal((await authority.ledger({ kind: 'jwt' }))[0]?.serial, jti);
  });

  it('turns short and long halves of an ECDSA signature into fixed ones', () => {
    const der = Buffer.from('3007020201000201 01'.replace(' ', ''), 'hex');
    assert.equal(ecdsaToCompact(der, 4).toString('hex'), '0000010000000001');
    const padded = Buffer.from('30080202008002020 0ff'.replace(' ', ''), 'hex');
    assert.equal(ecdsaToCompact(padded, 2).toString('hex'), '008000ff');
  });
});

describe('verifyJwtSvid', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const bundle: Bundle = {
    trustDomain,
    sequence: 1,
    refreshHintSeconds: 300,
    x509Authorities: [],
    jwtAuthorities: [{ keyId: 'k', jwk: publicKey.export({ format: 'jwk' }) }],
  };
  const bundles = new Map<TrustDomain, Bundle>([[trustDomain, bundle]]);
  const now = 1_900_000_000_000;
  const sub = 'spiffe://cluster.local/ns/default/sa/a';
  const good = { sub, aud: 'db', exp: now / 1000 + 60 };
  const sign = (claims: object, header: object = {}): Promise<string> =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'k', ...header }).sign(privateKey);
  const verdict = async (token: string): Promise<string> => {
    const result = await verifyJwtSvid(token, 'db', bundles, now);
    return result.ok ? result.spiffeId : result.problem;
  };

  it('accepts what the standard asks for, and a list of audiences', async () => {
    assert.equal(await verdict(await sign(good)), sub);
    assert.equal(await verdict(await sign({ ...good, aud: ['x', 'db'] }, { typ: 'JOSE' })), sub);
  });

  const refused: { name: string; claims?: object; header?: object; want: RegExp }[] = [
    { name: 'another audience', claims: { aud: 'web' }, want: /^aud does not hold "db"/ },
    { name: 'no audience', claims: { aud: undefined }, want: /^aud/ },
    { name: 'an expired one', claims: { exp: now / 1000 }, want: /^exp: it expired/ },
    { name: 'no exp', claims: { exp: undefined }, want: /^exp is missing/ },
    { name: 'one of tomorrow', claims: { nbf: now / 1000 + 1 }, want: /^nbf/ },
    { name: 'no subject', claims: { sub: undefined }, want: /^sub is missing/ },
    { name: 'a trust domain as subject', claims: { sub: 'spiffe://cluster.local' }, want: /^sub is a trust domain/ },
    { name: 'another trust domain', claims: { sub: 'spiffe://other/a' }, want: /^no bundle of trust domain other/ },
    { name: 'no kid', header: { kid: undefined }, want: /^kid is missing/ },
    { name: 'another kid', header: { kid: 'z' }, want: /^key "z" is not in the bundle/ },
    { name: 'another typ', header: { typ: 'at+jwt' }, want: /^typ/ },
    { name: 'another header (JWT-SVID §2)', header: { jku: 'https://x' }, want: /^header "jku" is not allowed/ },
  ];
  for (const { name, claims, header, want } of refused) {
    it(`refuses ${name}`, async () => assert.match(await verdict(await sign({ ...good, ...claims }, header)), want));
  }

  it('refuses none, HS256 with the public key, a changed claim, JSON form and rubbish', async () => {
    const [header, payload, signature] = (await sign(good)).split('.');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    assert.match(await verdict(`${encode({ alg: 'none', kid: 'k' })}.${payload}.`), /^alg "none"/);
    assert.match(await verdict(`${encode({ alg: 'HS256', kid: 'k' })}.${payload}.${signature}`), /^alg "HS256"/);
    assert.match(
      await verdict(`${header}.${encode({ ...good, extra: 1 })}.${signature}`),
      /signature verification failed/,
    );
    for (const token of ['', 'a.b', '{}', '..', 'a.b.c', '.'.repeat(20_000)])
      assert.doesNotMatch(await verdict(token), /^spiffe/);
  });
});
