import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isVerified, type PeerCertificate } from '../../../../src/authz/facts/peer-certificate.ts';
import { createUpstreamFromFiles } from '../../../../src/identity/authority/issue/upstream-files.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import type { BundleSet } from '../../../../src/spiffe/bundle.ts';
import { openTestAuthority, orderOf, requestOf } from '../../../support/authority.ts';
import { makeCertificate, usualCa } from '../../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const HOUR = 3_600_000;

/** Envoy shows us the leaf alone. */
const peerOf = (der: Uint8Array): PeerCertificate => ({
  names: [],
  uris: [],
  serial: '',
  spki: '',
  der,
  isPlain: true,
  verified: undefined,
});
const isBelieved = (der: Uint8Array, bundles: BundleSet, atMs = Date.now()): boolean =>
  isVerified(peerOf(der), bundles, atMs);

describe('isVerified under an upstream CA', () => {
  let dir: TempDir;
  const read = (name: string): string => readFileSync(dir.at(name), 'utf8');
  before(async () => {
    dir = await tempDir();
    makeCertificate(dir, { name: 'rsa', isRsa: true });
    makeCertificate(dir, { name: 'upper', issuer: 'rsa' });
    makeCertificate(dir, { name: 'lower', issuer: 'upper', isRsa: true });
    const noKeyIds = usualCa.replace('subjectKeyIdentifier=hash', 'subjectKeyIdentifier=none');
    makeCertificate(dir, { name: 'plain', extensions: noKeyIds.replace('authorityKeyIdentifier=keyid\n', '') });
    makeCertificate(dir, { name: 'next', isRsa: true });
  });
  after(() => dir[Symbol.asyncDispose]());

  const cases = [
    { name: 'an RSA root', certificates: ['rsa'], key: 'rsa', root: 'rsa' },
    { name: 'one intermediate', certificates: ['upper'], key: 'upper', root: 'rsa' },
    { name: 'a chain of two intermediates', certificates: ['lower', 'upper'], key: 'lower', root: 'rsa' },
    { name: 'a root without a subject key identifier', certificates: ['plain'], key: 'plain', root: 'plain' },
  ];
  for (const { name, certificates, key, root } of cases) {
    it(`believes a leaf of ours under ${name}, alone as Envoy shows it`, async () => {
      const upstream = createUpstreamFromFiles(
        async () => ({
          certificatePem: certificates.map((each) => read(`${each}.pem`)).join(''),
          keyPem: read(`${key}.key`),
          rootsPem: read(`${root}.pem`),
        }),
        HOUR,
      );
      const clock = { now: systemClock.now, advance: () => undefined };
      const { authority } = await openTestAuthority({}, { clock, upstream });
      const { chain } = await authority.issueX509(requestOf('a'));
      assert.equal(isBelieved(chain[0]!, authority.bundles.value), true);
    });
  }

  it('goes on believing over an upstream CA that is another while running, until the authority of before is revoked', async () => {
    let name = 'rsa';
    const upstream = createUpstreamFromFiles(
      async () => ({
        certificatePem: read(`${name}.pem`),
        keyPem: read(`${name}.key`),
        rootsPem: '',
      }),
      HOUR,
    );
    const clock = { now: systemClock.now, advance: () => undefined };
    const { authority } = await openTestAuthority({}, { clock, upstream });
    const before = (await authority.issueX509(requestOf('a'))).chain[0]!;
    name = 'next';
    await authority.prepare(orderOf());
    await authority.activate(orderOf('x509', { override: true, reason: 'test' }));
    const after = (await authority.issueX509(requestOf('b'))).chain[0]!;
    assert.deepEqual(
      [isBelieved(before, authority.bundles.value), isBelieved(after, authority.bundles.value)],
      [true, true],
    );
    await authority.revoke(orderOf('x509', { override: true, reason: 'test' }));
    assert.deepEqual(
      [isBelieved(before, authority.bundles.value), isBelieved(after, authority.bundles.value)],
      [false, true],
    );
  });

  it('does not believe an authority of before that was revoked, although the root above both stays', async () => {
    const upstream = createUpstreamFromFiles(
      async () => ({
        certificatePem: read('rsa.pem'),
        keyPem: read('rsa.key'),
        rootsPem: '',
      }),
      HOUR,
    );
    const clock = { now: systemClock.now, advance: () => undefined };
    const { authority } = await openTestAuthority({}, { clock, upstream });
    const before = (await authority.issueX509(requestOf('a'))).chain[0]!;
    await authority.prepare(orderOf());
    await authority.activate(orderOf('x509', { override: true, reason: 'test' }));
    await authority.revoke(orderOf('x509', { override: true, reason: 'test' }));
    assert.equal(isBelieved(before, authority.bundles.value), false);
  });
});
