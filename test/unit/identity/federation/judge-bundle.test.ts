import assert from 'node:assert/strict';
import { judgeBundle, judgePemBundle } from '../../../../src/identity/federation/judge-bundle.ts';
import { certificatesToPem } from '../../../../src/identity/pki/pem.ts';
import { bundleToJwks } from '../../../../src/spiffe/bundle-jwks.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';
import { foreignBundle } from '../../../support/foreign-bundle.ts';

const trustDomain = parseTrustDomain('other.example');
const [older, newer] = [foreignBundle('other.example', 7), foreignBundle('other.example', 8)];

describe('judgeBundle', () => {
  it('takes what a conforming server sends', () => {
    assert.deepEqual(judgeBundle(trustDomain, bundleToJwks(newer), Date.now()), {
      ...newer,
      x509Authorities: newer.x509Authorities.map((der) => Buffer.from(der)),
    });
  });

  it('leaves out what has expired, and takes a bundle of nothing', () => {
    const { x509Authorities } = judgeBundle(trustDomain, bundleToJwks(newer), Date.now() + 400 * 86_400_000);
    assert.deepEqual(x509Authorities, []);
    assert.deepEqual(judgeBundle(trustDomain, '{"keys":[]}', 0).jwtAuthorities, []);
  });

  const badKey = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', use: 'jwt-svid', kid: 'bad' };
  const refused: readonly { name: string; text: string; want: RegExp }[] = [
    {
      name: 'a key that is no point of its curve',
      text: JSON.stringify({ keys: [badKey] }),
      want: /"bad" is no public/,
    },
    { name: 'more than a megabyte', text: JSON.stringify({ keys: [], x: 'x'.repeat(2 ** 20) }), want: /longer than/ },
    { name: 'a name twice', text: '{"keys":[],"spiffe_sequence":1,"spiffe_sequence":2}', want: /twice/ },
    { name: 'HTML', text: '<!doctype html><title>moved</title>', want: /not JSON/ },
  ];
  for (const { name, text, want } of refused)
    it(`refuses ${name}`, () => {
      assert.throws(() => judgeBundle(trustDomain, text, Date.now()), { code: 'message_invalid', message: want });
    });
});

describe('judgePemBundle', () => {
  it('takes certificates under the sequence that it is told', () => {
    const pem = certificatesToPem([...older.x509Authorities, ...newer.x509Authorities, ...older.x509Authorities]);
    const bundle = judgePemBundle(trustDomain, pem, 2n ** 60n, Date.now());
    assert.equal(bundle.sequence, 2n ** 60n);
    assert.equal(bundle.x509Authorities.length, 2);
  });

  it('refuses text without a certificate, and a certificate that is none', () => {
    assert.throws(() => judgePemBundle(trustDomain, 'nothing', 0, 0), { code: 'message_invalid' });
    const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    assert.throws(() => judgePemBundle(trustDomain, bad, 0, 0), { code: 'message_invalid' });
  });
});
