import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { validateJwtSvid } from '../../../../../src/identity/delivery/workload-api/validate-jwt-svid.ts';
import type { Bundle } from '../../../../../src/spiffe/bundle.ts';
import { parseTrustDomain } from '../../../../../src/spiffe/trust-domain.ts';

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [ours, theirs, third] = [pair(), pair(), pair()];
const KID = 'the-same-in-all';
const bundleOf = (name: string, { publicKey }: ReturnType<typeof pair>): Bundle => ({
  trustDomain: parseTrustDomain(name),
  ...{ sequence: 1, refreshHintSeconds: 300, x509Authorities: [] },
  jwtAuthorities: [{ keyId: KID, jwk: publicKey.export({ format: 'jwk' }) }],
});
const trusted = [bundleOf('cluster.local', ours), bundleOf('b.example', theirs), bundleOf('c.example', third)];

describe('JWT-SVIDs of federated trust domains', () => {
  const cases = [
    { name: 'ours by our key', domain: 'cluster.local', key: ours, isValid: true },
    { name: "B's by B's key", domain: 'b.example', key: theirs, isValid: true },
    { name: "ours by B's key of the same kid", domain: 'cluster.local', key: theirs, isValid: false },
    { name: "C's by B's key of the same kid", domain: 'c.example', key: theirs, isValid: false },
    { name: "B's by our key", domain: 'b.example', key: ours, isValid: false },
    { name: "D's, which nobody here knows", domain: 'd.example', key: theirs, isValid: false },
  ];
  for (const { name, domain, key, isValid } of cases)
    it(`${isValid ? 'believes' : 'refuses'} ${name}`, async () => {
      const token = await new SignJWT({ sub: `spiffe://${domain}/ns/a/sa/b`, aud: ['x'] })
        .setProtectedHeader({ alg: 'ES256', kid: KID })
        .setExpirationTime('5m')
        .sign(key.privateKey);
      const validated = validateJwtSvid({ token, audience: 'x', trusted, now: Date.now() });
      if (isValid) assert.equal((await validated).spiffeId, `spiffe://${domain}/ns/a/sa/b`);
      else await assert.rejects(validated, { code: 'message_invalid' });
    });
});
