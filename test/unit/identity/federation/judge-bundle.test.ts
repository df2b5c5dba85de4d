import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { judgeBundle, judgePemBundle } from '../../../../src/identity/federation/judge-bundle.ts';
import { certificatesToPem } from '../../../../src/identity/pki/pem.ts';
import { bundleToJwks } from '../../../../src/spiffe/bundle-jwks.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';
import { foreignBundle } from '../../../support/foreign-bundle.ts';
import { openssl } from '../../../support/openssl.ts';
import { derOf } from '../../../support/openssl-ca.ts';

const trustDomain = parseTrustDomain('other.example');
const [older, newer] = [foreignBundle('other.example', 7), foreignBundle('other.example', 8)];

/** A root of that kind of key, in PEM. */
function rootOf(...key: readonly string[]): string {
  const made = openssl([
    ...['req', '-x509', '-nodes', '-days', '30', '-subj', '/CN=other', '-keyout', '/dev/null', '-newkey', ...key],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'],
  ]);
  assert.ok(made.ok, made.text);
  return made.stdout.toString();
}

const curve = (name: string, ...more: readonly string[]): string[] => [
  'ec',
  '-pkeyopt',
  `ec_paramgen_curve:${name}`,
  ...more,
];

/** A document with that one key of JWT-SVIDs. */
const withJwtKey = (jwk: JsonWebKey): string =>
  JSON.stringify({ keys: [{ ...jwk, use: 'jwt-svid', kid: 'one' }], spiffe_sequence: 1 });

const publicJwk = (): JsonWebKey =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const rsaJwk = (modulusLength = 2048): JsonWebKey =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });

/** With a first byte of zero in x, which some leave out. */
function jwkWithLeadingZero(): JsonWebKey & { x: string } {
  for (;;) {
    const { x = '', ...jwk } = publicJwk();
    if (Buffer.from(x, 'base64url')[0] === 0) return { ...jwk, x };
  }
}

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

  const zero = jwkWithLeadingZero();
  const bytes = Buffer.from(zero.x, 'base64url');
  const written: readonly { name: string; x: string }[] = [
    { name: 'without its leading zero', x: bytes.subarray(1).toString('base64url') },
    { name: 'with one zero more', x: Buffer.concat([Buffer.alloc(1), bytes]).toString('base64url') },
    { name: 'with padding', x: `${zero.x}=` },
    { name: 'in the other alphabet of base64', x: bytes.toString('base64') },
  ];
  for (const { name, x } of written)
    it(`hands on a coordinate that is written ${name} as RFC 7518 §6.2.1.2 has it, since clients refuse all keys for one of those`, () => {
      const { jwtAuthorities } = judgeBundle(trustDomain, withJwtKey({ ...zero, x }), Date.now());
      assert.equal(jwtAuthorities[0]?.jwk['x'], zero.x);
    });

  const weak: readonly { name: string; jwk: JsonWebKey; want: RegExp }[] = [
    { name: 'RSA of 512 bits', jwk: rsaJwk(512), want: /"one": .*has 512 bits/ },
    { name: 'an RSA modulus of nothing', jwk: { ...rsaJwk(), n: '' }, want: /"one": .* 0 bits/ },
    { name: 'an RSA modulus of 1', jwk: { ...rsaJwk(), n: 'AQ' }, want: /"one": .* 1 bits/ },
    { name: 'the RSA exponent 1, under which anybody can sign', jwk: { ...rsaJwk(), e: 'AQ' }, want: /exponent is 1/ },
    { name: 'an even RSA exponent', jwk: { ...rsaJwk(), e: 'Ag' }, want: /exponent is 2/ },
  ];
  for (const { name, jwk, want } of weak)
    it(`refuses a key of JWT-SVIDs with ${name}`, () => {
      assert.throws(() => judgeBundle(trustDomain, withJwtKey(jwk), Date.now()), {
        code: 'message_invalid',
        message: want,
      });
    });

  it('passes over X.509 keys of a curve that it does not know, as of a kind, and refuses another than the key says', () => {
    const x5c = [derOf(rootOf(...curve('secp256k1'))).toString('base64')];
    const of = (crv: string) =>
      judgeBundle(trustDomain, JSON.stringify({ keys: [{ kty: 'EC', crv, use: 'x509-svid', x5c }] }), Date.now());
    assert.deepEqual(of('secp256k1').x509Authorities, []);
    assert.throws(() => of('P-256'), { code: 'message_invalid', message: /curve is secp256k1/ });
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

  const unusable: readonly { name: string; key: readonly string[]; want: RegExp }[] = [
    { name: 'P-224', key: curve('P-224'), want: /curve is secp224r1/ },
    { name: 'Brainpool', key: curve('brainpoolP256r1'), want: /curve is brainpoolP256r1/ },
    { name: 'a curve written out', key: curve('P-256', '-pkeyopt', 'ec_param_enc:explicit'), want: /not named/ },
    { name: 'RSA-PSS', key: ['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'], want: /rsa-pss/ },
    { name: 'RSA of 1024 bits', key: ['rsa:1024'], want: /1024 bits/ },
    { name: 'Ed25519', key: ['ed25519'], want: /ed25519/ },
  ];
  for (const { name, key, want } of unusable)
    it(`refuses a root of ${name}, for which clients would refuse whatever it stands beside`, () => {
      const pem = rootOf(...key) + certificatesToPem(newer.x509Authorities);
      assert.throws(() => judgePemBundle(trustDomain, pem, 0, Date.now()), { code: 'message_invalid', message: want });
    });

  it('refuses text without a certificate, and a certificate that is none', () => {
    assert.throws(() => judgePemBundle(trustDomain, 'nothing', 0, 0), { code: 'message_invalid' });
    const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    assert.throws(() => judgePemBundle(trustDomain, bad, 0, 0), { code: 'message_invalid' });
  });
});
