import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { authority } from '../../../../certs/authority.ts';
import { readCertificate } from '../../../../src/identity/pki/certificate.ts';
import {
  assemble,
  authoritySubject,
  authorityTbs,
  createLeafTemplate,
  type LeafTerms,
} from '../../../../src/identity/pki/certificate-template.ts';
import { crlTbs } from '../../../../src/identity/pki/crl.ts';
import { generateKeyDer, type KeyPairDer, type KeyType, keyIdentifier } from '../../../../src/identity/pki/key-type.ts';
import { toPem } from '../../../../src/identity/pki/pem.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../../../../src/identity/pki/signature-algorithm.ts';
import { openssl } from '../../../support/openssl.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const now = Date.parse('2030-06-15T12:00:00Z');
const algorithms: Record<KeyType, SignatureAlgorithm> = {
  'ec-p256': signatureAlgorithms.es256,
  'ec-p384': signatureAlgorithms.es384,
  'rsa-2048': signatureAlgorithms.rs256,
};

interface Ca {
  readonly pair: KeyPairDer;
  readonly der: Buffer;
  readonly subject: Buffer;
  readonly algorithm: SignatureAlgorithm;
  sign(tbs: Uint8Array): Buffer;
}

async function makeCa(keyType: KeyType, notAfterAt: number): Promise<Ca> {
  const pair = await generateKeyDer(keyType);
  const algorithm = algorithms[keyType];
  const key = createPrivateKey({ key: Buffer.from(pair.pkcs8), format: 'der', type: 'pkcs8' });
  const subject = authoritySubject(authority, keyIdentifier(pair.spki).toString('hex'));
  const signed = (tbs: Uint8Array): Buffer => assemble(tbs, algorithm, sign(algorithm.digest, tbs, key));
  const tbs = authorityTbs(
    authority,
    {
      serial: Buffer.from('7f00000000000001', 'hex'),
      notBeforeAt: now - 10_000,
      notAfterAt,
      key: pair,
      trustDomainId: 'spiffe://cluster.local',
      subject,
      issuer: { name: subject, keyId: undefined },
    },
    algorithm,
  );
  return { pair, der: signed(tbs), subject, algorithm, sign: signed };
}

function issue(ca: Ca, terms: Partial<LeafTerms> & Pick<LeafTerms, 'key'>): Buffer {
  const template = createLeafTemplate(ca.subject, keyIdentifier(ca.pair.spki), ca.algorithm);
  return ca.sign(
    template.fill({
      serial: Buffer.from('80000000000000000000000000000001', 'hex'),
      notBeforeAt: now - 10_000,
      notAfterAt: now + 3_600_000,
      spiffeId: 'spiffe://cluster.local/ns/default/sa/details',
      dnsNames: [],
      ...terms,
    }),
  );
}

describe('certificate template', () => {
  let directory: TempDir;
  before(async () => {
    directory = await tempDir();
  });
  after(() => directory[Symbol.asyncDispose]());

  const write = (name: string, label: string, der: Uint8Array): string => {
    writeFileSync(directory.at(name), toPem(label, der));
    return directory.at(name);
  };
  const text = (der: Uint8Array): string => openssl(['x509', '-inform', 'DER', '-noout', '-text'], der).text;
  const verifyWith = (ca: Ca, leaf: Uint8Array, purpose: string) =>
    openssl([
      'verify',
      '-x509_strict',
      '-purpose',
      purpose,
      '-attime',
      String(now / 1000),
      '-CAfile',
      write('ca.pem', 'CERTIFICATE', ca.der),
      write('leaf.pem', 'CERTIFICATE', leaf),
    ]);

  for (const caType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    for (const leafType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
      it(`makes a chain that openssl verifies strictly as client and server: ${leafType} under ${caType}`, async () => {
        const ca = await makeCa(caType, now + 86_400_000);
        const leaf = issue(ca, { key: await generateKeyDer(leafType) });
        for (const purpose of ['sslclient', 'sslserver']) {
          const run = verifyWith(ca, leaf, purpose);
          assert.ok(run.ok, run.text);
        }
      });
    }
  }

  it('writes a leaf with every MUST of X509-SVID, as openssl reads it', async () => {
    const ca = await makeCa('ec-p256', now + 86_400_000);
    const shown = text(issue(ca, { key: await generateKeyDer('ec-p256'), dnsNames: ['details.default.svc'] }));
    const wanted = [
      /Version: 3 /,
      /80:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01/,
      /Subject: \n/,
      /X509v3 Key Usage: critical\n\s+Digital Signature, Key Agreement\n/,
      /X509v3 Extended Key Usage: \n\s+TLS Web Server Authentication, TLS Web Client Authentication\n/,
      /X509v3 Basic Constraints: critical\n\s+CA:FALSE\n/,
      /X509v3 Authority Key Identifier: \n\s+([0-9A-F]{2}:){19}[0-9A-F]{2}\n/,
      /X509v3 Subject Key Identifier: \n\s+([0-9A-F]{2}:){19}[0-9A-F]{2}\n/,
      /X509v3 Subject Alternative Name: critical\n\s+URI:spiffe:\/\/cluster\.local\/ns\/default\/sa\/details, DNS:details\.default\.svc\n/,
      /Not Before: Jun 15 11:59:50 2030 GMT/,
      /Not After : Jun 15 13:00:00 2030 GMT/,
    ];
    for (const pattern of wanted) assert.match(shown, pattern);
  });

  it('lets an RSA key encipher keys', async () => {
    const ca = await makeCa('ec-p256', now + 86_400_000);
    assert.match(text(issue(ca, { key: await generateKeyDer('rsa-2048') })), /Digital Signature, Key Encipherment\n/);
  });

  it('writes an authority with a Subject of its own, the trust domain as URI, and signing as its only use', async () => {
    const one = text((await makeCa('ec-p256', now + 86_400_000)).der);
    const other = text((await makeCa('ec-p256', now + 86_400_000)).der);
    assert.match(one, /X509v3 Basic Constraints: critical\n\s+CA:TRUE, pathlen:0\n/);
    assert.match(one, /X509v3 Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/);
    assert.match(one, /X509v3 Subject Alternative Name: \n\s+URI:spiffe:\/\/cluster\.local\n/);
    const subject = /Subject: (.+)\n/;
    assert.notEqual(subject.exec(one)?.[1], subject.exec(other)?.[1]);
  });

  it('changes from UTCTime to GeneralizedTime at 2050 (RFC 5280 §4.1.2.5)', async () => {
    const times = (notAfterAt: number): Promise<string> =>
      makeCa('ec-p256', notAfterAt).then((ca) => openssl(['asn1parse', '-inform', 'DER'], ca.der).text);
    assert.match(await times(Date.parse('2049-12-31T23:59:59Z')), /UTCTIME +:491231235959Z/);
    assert.match(await times(Date.parse('2050-01-01T00:00:00Z')), /GENERALIZEDTIME +:20500101000000Z/);
  });

  it('can be read back, field by field', async () => {
    const ca = await makeCa('ec-p384', now + 86_400_000);
    const key = await generateKeyDer('ec-p256');
    const read = readCertificate(issue(ca, { key, dnsNames: ['a.b'] }));
    assert.equal(read.serial, '80000000000000000000000000000001');
    assert.deepEqual(read.names.uris, ['spiffe://cluster.local/ns/default/sa/details']);
    assert.deepEqual(read.names.dnsNames, ['a.b']);
    assert.equal(read.notBeforeAt, now - 10_000);
    assert.equal(read.notAfterAt, now + 3_600_000);
    assert.equal(read.authorityKeyId, keyIdentifier(ca.pair.spki).toString('hex'));
    assert.equal(Buffer.compare(read.spki, key.spki), 0);
    assert.equal(read.subjectIsEmpty, true);
  });

  it('makes a CRL that openssl verifies and by which it refuses the leaf', async () => {
    const ca = await makeCa('ec-p256', now + 86_400_000);
    const leaf = issue(ca, { key: await generateKeyDer('ec-p256') });
    const crlOf = (revoked: readonly { serial: string; revokedAt: number }[]): string => {
      const tbs = crlTbs(
        {
          issuer: ca.subject,
          issuerKeyId: keyIdentifier(ca.pair.spki),
          number: 7,
          thisUpdateAt: now - 1000,
          nextUpdateAt: now + 3_600_000,
          revoked,
        },
        ca.algorithm,
      );
      return write('crl.pem', 'X509 CRL', ca.sign(tbs));
    };
    const check = () =>
      openssl([
        'verify',
        '-x509_strict',
        '-crl_check',
        '-attime',
        String(now / 1000),
        '-CRLfile',
        directory.at('crl.pem'),
        '-CAfile',
        write('ca.pem', 'CERTIFICATE', ca.der),
        write('leaf.pem', 'CERTIFICATE', leaf),
      ]);
    crlOf([]);
    assert.ok(check().ok, check().text);
    crlOf([{ serial: readCertificate(leaf).serial, revokedAt: now - 5000 }]);
    assert.match(check().text, /certificate revoked/);
  });
});
