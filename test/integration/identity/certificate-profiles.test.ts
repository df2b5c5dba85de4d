import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { authority as authorityProfile } from '../../../certs/authority.ts';
import type { CertificateProfile, ExtensionProfile } from '../../../certs/certificate-profile.ts';
import { crl as crlProfile } from '../../../certs/crl.ts';
import { developmentRoot } from '../../../certs/development-root.ts';
import { intermediate as intermediateProfile } from '../../../certs/intermediate.ts';
import { ownSvid } from '../../../certs/own-svid.ts';
import { x509Svid } from '../../../certs/x509-svid.ts';
import { ensureDevTrustDomain } from '../../../scripts/dev-trust-domain.ts';
import { createUpstreamFromFiles } from '../../../src/identity/authority/issue/upstream-files.ts';
import { createTestClock, entitlementOf, openTestAuthority, requestOf } from '../../support/authority.ts';
import { openssl } from '../../support/openssl.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { makeCa } from '../../support/upstream-ca.ts';

/** How openssl writes what a profile says. */
const usageNames = {
  digitalSignature: 'Digital Signature',
  keyEncipherment: 'Key Encipherment',
  keyAgreement: 'Key Agreement',
  keyCertSign: 'Certificate Sign',
  crlSign: 'CRL Sign',
};
const purposeNames = { serverAuth: 'TLS Web Server Authentication', clientAuth: 'TLS Web Client Authentication' };
const KEY_ID = /^(?:[0-9A-F]{2}:){19}[0-9A-F]{2}$/;

const titles: Record<ExtensionProfile['id'], string> = {
  basicConstraints: 'X509v3 Basic Constraints',
  keyUsage: 'X509v3 Key Usage',
  extendedKeyUsage: 'X509v3 Extended Key Usage',
  subjectKeyIdentifier: 'X509v3 Subject Key Identifier',
  authorityKeyIdentifier: 'X509v3 Authority Key Identifier',
  subjectAltName: 'X509v3 Subject Alternative Name',
  crlNumber: 'X509v3 CRL Number',
};

function wanted(profile: ExtensionProfile, family: 'ec' | 'rsa', names: string): RegExp | string {
  switch (profile.id) {
    case 'basicConstraints':
      return profile.ca === false ? 'CA:FALSE' : `CA:TRUE, pathlen:${profile.ca.pathLength}`;
    case 'keyUsage':
      return profile.usages[family].map((each) => usageNames[each]).join(', ');
    case 'extendedKeyUsage':
      return profile.purposes.map((each) => purposeNames[each]).join(', ');
    case 'subjectAltName':
      return names;
    case 'crlNumber':
      return /^\d+$/;
    default:
      return KEY_ID;
  }
}

/** The extensions as openssl lists them, in their order: title, criticality, value. */
function extensionsIn(text: string): { title: string; critical: boolean; value: string }[] {
  return [...text.matchAll(/^ +(X509v3 (?!extensions|CRL extensions|CRL Reason)[^:\n]+): ?(critical)?\n +(.*)$/gm)].map(
    ([, title, critical, value]) => ({
      title: title ?? '',
      critical: critical !== undefined,
      value: (value ?? '').trim(),
    }),
  );
}

function assertProfile(
  { extensions }: Pick<CertificateProfile, 'extensions'>,
  text: string,
  names = '',
  family: 'ec' | 'rsa' = 'ec',
): void {
  const found = extensionsIn(text);
  assert.deepEqual(
    found.map(({ title, critical }) => ({ title, critical })),
    extensions.map(({ id, critical }) => ({ title: titles[id], critical })),
  );
  for (const [index, each] of extensions.entries()) {
    const value = found[index]?.value ?? '';
    const want = wanted(each, family, names);
    if (typeof want === 'string') assert.equal(value, want);
    else assert.match(value, want);
  }
}

const certificateText = (der: Uint8Array): string => {
  const shown = openssl(['x509', '-inform', 'DER', '-noout', '-text'], der);
  assert.ok(shown.ok, shown.text);
  return shown.text;
};
const subjectOf = (text: string): string => /Subject: ?(.*)\n/.exec(text)?.[1] ?? '';

describe('what leaves, against certs/', () => {
  for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    const family = keyType === 'rsa-2048' ? 'rsa' : 'ec';
    it(`${keyType}: the authority, the SVID of a workload and our own, the revocation list`, async () => {
      const { authority } = await openTestAuthority({ keyType });
      await using _ = authority;
      const [root] = authority.bundles.value.own.x509Authorities;
      const rootText = certificateText(root!);
      assertProfile(authorityProfile, rootText, 'URI:spiffe://cluster.local', family);
      assert.match(subjectOf(rootText), new RegExp(`^CN ?= ?${authorityProfile.subject.commonName}, serialNumber`));

      const svid = await authority.issueX509(requestOf('details'));
      const leaf = certificateText(svid.chain[0]!);
      assertProfile(x509Svid, leaf, 'URI:spiffe://cluster.local/ns/default/sa/details', family);
      assert.equal(subjectOf(leaf), x509Svid.subject.commonName ?? '');

      const entitlement = { ...entitlementOf('gatehouse'), dnsNames: ['gatehouse.example', 'gatehouse'] };
      const own = await authority.issueX509({ ...requestOf('gatehouse'), entitlement });
      const names = 'URI:spiffe://cluster.local/ns/default/sa/gatehouse, DNS:gatehouse.example, DNS:gatehouse';
      assertProfile(ownSvid, certificateText(own.chain[0]!), names, family);

      await authority.revokeSvid({ kind: 'serial', value: svid.serial, reason: 'test', who: 'uid:0' });
      const [list] = authority.crls.value;
      const shown = openssl(['crl', '-inform', 'DER', '-noout', '-text'], list!);
      assert.ok(shown.ok, shown.text);
      assertProfile(crlProfile, shown.text);
    });
  }

  it('an authority under an upstream CA', async () => {
    await using dir = await tempDir();
    await makeCa(dir, 'root');
    const read = async () => {
      const text = (name: string) => readFile(dir.at(`ca/${name}`), 'utf8');
      return { certificatePem: await text('root.crt'), keyPem: await text('root.key'), rootsPem: '' };
    };
    const kept = { clock: createTestClock(Date.now()), upstream: createUpstreamFromFiles(read, 3_600_000) };
    const { authority } = await openTestAuthority({}, kept);
    await using _ = authority;
    const svid = await authority.issueX509(requestOf('details'));
    assertProfile(intermediateProfile, certificateText(svid.chain[1]!), 'URI:spiffe://cluster.local');
  });

  it('the development root, made once, its key for its owner alone', async () => {
    await using dir = await tempDir();
    const { cert, key } = await ensureDevTrustDomain(dir.path);
    const first = await readFile(cert, 'utf8');
    const shown = openssl(['x509', '-in', cert, '-noout', '-text']);
    assertProfile(developmentRoot, shown.text, 'URI:spiffe://cluster.local');
    assert.equal((await stat(key)).mode & 0o777, 0o600);
    assert.ok(openssl(['verify', '-x509_strict', '-CAfile', cert, cert]).ok);
    await ensureDevTrustDomain(dir.path);
    assert.equal(await readFile(cert, 'utf8'), first);
  });
});
