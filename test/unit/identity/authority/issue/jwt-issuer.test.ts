import assert from 'node:assert/strict';
import { importJWK, type JWK, jwtVerify } from 'jose';
import { GatehouseError } from '../../../../../src/errors.ts';
import { createJwtIssuer, newJwtAuthority } from '../../../../../src/identity/authority/issue/jwt-issuer.ts';
import type { JwtAlgorithm } from '../../../../../src/identity/authority/settings.ts';
import { jwtBundleToJwks } from '../../../../../src/spiffe/bundle-jwks.ts';
import { openTestAuthority, requestOf } from '../../../../support/authority.ts';

const ask = (audiences: string[]) => ({ ...requestOf('a', 'workload-api'), audiences });

describe('issueJwt', () => {
  for (const alg of ['ES256', 'ES384', 'RS256', 'RS384', 'RS512'] as JwtAlgorithm[]) {
    it(`signs ${alg} that jose verifies by the published keys`, async () => {
      const { authority, clock } = await openTestAuthority({ jwtAlgorithm: alg });
      const { token, expiresAt } = await authority.issueJwt(ask(['db']));
      const { keys } = JSON.parse(jwtBundleToJwks(authority.bundles.value.own)) as { keys: JWK[] }; // ours
      const keyOf = ({ kid }: { kid?: string }) => importJWK(keys.find((each) => each.kid === kid)!, alg);
      const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
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

  const halves: { name: string; der: string; r: string; s: string }[] = [
    { name: 'short', der: '3006020101020101', r: '01', s: '01' },
    { name: 'long', der: `3025022100${'ff'.repeat(32)}020101`, r: 'ff'.repeat(32), s: '01' },
  ];
  for (const { name, der, r, s } of halves) {
    it(`turns ${name} halves of an ECDSA signature into fixed ones (RFC 7518 §3.4)`, async () => {
      const { keys, clock, content } = await openTestAuthority();
      const signer = await keys.create('ec-p256');
      const terms = { spiffeId: ask(['a']).entitlement.spiffeId, audiences: ['a'], ttlMs: 60_000, atMs: clock.now() };
      const record = { ...content.state!.authorities[0]!, ...newJwtAuthority(signer, 'ES256', clock.now(), 3_600_000) };
      const issuer = createJwtIssuer(record, { ...signer, sign: async () => Buffer.from(der, 'hex') }, undefined);
      const { token } = await issuer.sign(terms);
      const signature = Buffer.from(token.split('.')[2]!, 'base64url').toString('hex');
      assert.equal(signature, r.padStart(64, '0') + s.padStart(64, '0'));
    });
  }
});
