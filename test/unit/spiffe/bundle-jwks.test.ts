import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { GatehouseError } from '../../../src/errors.ts';
import { fromPem } from '../../../src/identity/pki/pem.ts';
import type { Bundle } from '../../../src/spiffe/bundle.ts';
import { bundleFromJwks, bundleToJwks, jwtBundleToJwks } from '../../../src/spiffe/bundle-jwks.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';

const trustDomain = parseTrustDomain('cluster.local');

const makeRoot = (ca: boolean): Buffer => {
  const run = openssl([
    'req',
    '-x509',
    ...newEcKey,
    '-keyout',
    '/dev/null',
    '-subj',
    '/CN=root',
    '-addext',
    `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`,
  ]);
  return fromPem('CERTIFICATE', run.stdout.toString())[0]!;
};

describe('bundleToJwks', () => {
  const root = makeRoot(true);
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const bundle: Bundle = {
    trustDomain,
    sequence: 7,
    refreshHintSeconds: 60,
    x509Authorities: [root],
    jwtAuthorities: [{ keyId: 'k1', jwk: { ...publicKey.export({ format: 'jwk' }), alg: 'RS256' } }],
  };

  it('writes the form of the standard (SPIFFE Trust Domain and Bundle §4, X509-SVID §6.2, JWT-SVID §6.2)', () => {
    const document = JSON.parse(bundleToJwks(bundle));
    assert.equal(document.spiffe_sequence, 7);
    assert.equal(document.spiffe_refresh_hint, 60);
    const [x509, jwt] = document.keys;
    assert.deepEqual(Object.keys(x509).sort(), ['crv', 'kty', 'use', 'x', 'x5c', 'y']);
    assert.equal(x509.use, 'x509-svid');
    assert.deepEqual(x509.x5c, [root.toString('base64')]);
    assert.deepEqual(Object.keys(jwt).sort(), ['e', 'kid', 'kty', 'n', 'use']);
    assert.equal(jwt.use, 'jwt-svid');
    assert.equal(jwt.kid, 'k1');
  });

  it('keeps X.509 keys out of the JWT form (Workload API §6.2.2)', () => {
    assert.deepEqual(
      JSON.parse(jwtBundleToJwks(bundle)).keys.map((key: { use: string }) => key.use),
      ['jwt-svid'],
    );
  });

  it('writes an empty list for a bundle that trusts nobody', () => {
    const nobody = { ...bundle, x509Authorities: [], jwtAuthorities: [] };
    assert.deepEqual(JSON.parse(bundleToJwks(nobody)).keys, []);
  });
});

describe('bundleFromJwks', () => {
  const root = makeRoot(true).toString('base64');
  const read = (document: unknown): Bundle => bundleFromJwks(trustDomain, JSON.stringify(document));
  const ec = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' };

  it('passes over what the standard tells it to', () => {
    const bundle = read({
      keys: [
        { ...ec, use: 'x509-svid', x5c: [root, 'not looked at'] },
        { ...ec, use: 'x509-svid' },
        { ...ec, use: 'x509-svid', x5c: [] },
        { ...ec, use: 'X509-SVID', x5c: [root] },
        { ...ec, x5c: [root] },
        { ...ec, kty: 'oct', use: 'jwt-svid', kid: 'a' },
        { ...ec, use: 'wit-svid', kid: 'b' },
        { ...ec, use: 'jwt-svid', kid: 'c', extra: true },
        { ...ec, use: 'jwt-svid', kid: 'c' },
        { ...ec, crv: 'secp256k1', use: 'jwt-svid', kid: 'd' },
        { ...ec, use: 'x509-svid', x5c: [root] },
        null,
      ],
      other: 1,
    });
    assert.equal(bundle.x509Authorities.length, 1);
    assert.deepEqual(bundle.jwtAuthorities, [{ keyId: 'c', jwk: ec }]);
    assert.equal(bundle.sequence, 0);
  });

  const refused: { name: string; document: unknown; want: RegExp }[] = [
    { name: 'no keys', document: {}, want: /no list "keys"/ },
    { name: 'a list', document: [], want: /no list "keys"/ },
    { name: 'a negative sequence', document: { keys: [], spiffe_sequence: -1 }, want: /spiffe_sequence/ },
    { name: 'a sequence as text', document: { keys: [], spiffe_sequence: '1' }, want: /spiffe_sequence/ },
    { name: 'a sequence with an exponent', document: { keys: [], spiffe_sequence: 1e22 }, want: /spiffe_sequence/ },
    {
      name: 'two keys of one kid',
      document: { keys: [ec, { ...ec, x: 'AB' }].map((each) => ({ ...each, use: 'jwt-svid', kid: 'k' })) },
      want: /two keys of the kid "k"/,
    },
    {
      name: '10,000 keys',
      document: { keys: Array.from({ length: 10_000 }, (_, kid) => ({ ...ec, use: 'jwt-svid', kid: `${kid}` })) },
      want: /more than 200 authorities/,
    },
    { name: 'a negative hint', document: { keys: [], spiffe_refresh_hint: -1 }, want: /spiffe_refresh_hint/ },
    { name: 'a JWT key without kid', document: { keys: [{ ...ec, use: 'jwt-svid' }] }, want: /no kid/ },
    {
      name: 'a certificate that is no CA',
      document: { keys: [{ ...ec, use: 'x509-svid', x5c: [makeRoot(false).toString('base64')] }] },
      want: /not a CA/,
    },
    {
      name: 'no certificate',
      document: { keys: [{ ...ec, use: 'x509-svid', x5c: ['AAAA'] }] },
      want: /not a certificate/,
    },
  ];
  for (const { name, document, want } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => read(document),
        (thrown) => thrown instanceof GatehouseError && thrown.code === 'message_invalid' && want.test(thrown.message),
      );
    });
  }

  it('refuses what is not JSON, and a name twice in one object', () => {
    assert.throws(() => bundleFromJwks(trustDomain, '{'), /it is not JSON/);
    assert.throws(() => bundleFromJwks(trustDomain, '{"keys":[],"keys":[]}'), /"keys" twice/);
  });

  const sequences: { name: string; written: string; want: number | bigint }[] = [
    { name: '0', written: '0', want: 0 },
    { name: '2^53 - 1', written: '9007199254740991', want: Number.MAX_SAFE_INTEGER },
    { name: '2^53 + 1, exactly', written: '9007199254740993', want: 9007199254740993n },
    { name: '2^63 + 1', written: '9223372036854775809', want: 9223372036854775809n },
  ];
  for (const { name, written, want } of sequences)
    it(`takes the sequence ${name}, and writes it again`, () => {
      const bundle = bundleFromJwks(trustDomain, `{"keys":[],"spiffe_sequence": ${written}}`);
      assert.equal(bundle.sequence, want);
      assert.equal(bundleFromJwks(trustDomain, bundleToJwks(bundle)).sequence, want);
      assert.ok(bundleToJwks(bundle).includes(`"spiffe_sequence":${written},`));
    });

  it('refuses 1.0 as a sequence, and takes a hint of 0 as none', () => {
    assert.throws(() => bundleFromJwks(trustDomain, '{"keys":[],"spiffe_sequence":1.0}'), /spiffe_sequence/);
    assert.equal(read({ keys: [], spiffe_refresh_hint: 0 }).refreshHintSeconds, 300);
  });
});
