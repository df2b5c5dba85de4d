import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { fromPem } from '../../../../src/identity/pki/pem.ts';
import { verifySvidChain } from '../../../../src/identity/pki/svid-chain.ts';
import type { Bundle } from '../../../../src/spiffe/bundle.ts';
import { parseTrustDomain } from '../../../../src/spiffe/trust-domain.ts';
import { openssl } from '../../../support/openssl.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

/** Every certificate here is made by openssl. */
describe('verifySvidChain', () => {
  let directory: TempDir;
  let now: number;

  const newKey = (name: string): string => {
    const run = openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', directory.at(`${name}.key`)]);
    assert.ok(run.ok, run.text);
    return directory.at(`${name}.key`);
  };
  const make = (name: string, issuer: string, extensions: string, days = '10'): Buffer => {
    newKey(name);
    const file = directory.at(`${name}.ext`);
    writeFileSync(file, extensions);
    const csr = openssl(['req', '-new', '-key', directory.at(`${name}.key`), '-subj', `/CN=${name}`]).stdout;
    const signer =
      issuer === name
        ? ['-signkey', directory.at(`${name}.key`)]
        : ['-CA', directory.at(`${issuer}.pem`), '-CAkey', directory.at(`${issuer}.key`), '-CAcreateserial'];
    const run = openssl(
      ['x509', '-req', '-days', days, '-extfile', file, ...signer, '-out', directory.at(`${name}.pem`)],
      csr,
    );
    assert.ok(run.ok, run.text);
    const pem = openssl(['x509', '-in', directory.at(`${name}.pem`)]).stdout.toString();
    return fromPem('CERTIFICATE', pem)[0]!;
  };
  const ca = (extra = ''): string =>
    `basicConstraints=critical,CA:TRUE${extra}\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n`;
  const leafBase = 'basicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=keyid\n';
  const leaf = (
    usage = 'keyUsage=critical,digitalSignature\n',
    san = 'subjectAltName=URI:spiffe://cluster.local/ns/a/sa/b\n',
    extra = '',
  ): string => leafBase + usage + san + extra;

  let root: Buffer;
  let other: Buffer;
  const bundle = (...x509Authorities: Buffer[]): Bundle => ({
    trustDomain: parseTrustDomain('cluster.local'),
    sequence: 1,
    refreshHintSeconds: 300,
    x509Authorities,
    jwtAuthorities: [],
  });
  const verdict = (chain: Buffer[], roots = [root], at = now): string => {
    const result = verifySvidChain(chain, bundle(...roots), at);
    return result.ok ? result.spiffeId : result.problem;
  };

  before(async () => {
    directory = await tempDir();
    root = make('root', 'root', ca());
    other = make('other', 'other', ca());
    now = Date.now() + 60_000; // openssl may take its time: what it makes later must be valid too
  });
  after(() => directory[Symbol.asyncDispose]());

  it('accepts a leaf under a root of the bundle, whatever else is in the bundle', () => {
    const der = make('good', 'root', leaf());
    assert.equal(verdict([der]), 'spiffe://cluster.local/ns/a/sa/b');
    assert.equal(verdict([der], [other, root]), 'spiffe://cluster.local/ns/a/sa/b');
  });

  it('refuses it under other roots, or none', () => {
    const der = make('good', 'root', leaf());
    assert.equal(verdict([der], [other]), 'untrusted');
    assert.equal(verdict([der], []), 'untrusted');
    assert.equal(verdict([]), 'malformed');
  });

  it('refuses it too early and too late', () => {
    const der = make('good', 'root', leaf());
    assert.equal(verdict([der], [root], now - 3_600_000), 'not_yet_valid');
    assert.equal(verdict([der], [root], now + 11 * 86_400_000), 'expired');
  });

  it('follows intermediates, in any order, and no further than path lengths allow', () => {
    const middle = make('middle', 'root', ca(',pathlen:0'));
    const low = make('low', 'middle', ca());
    const underMiddle = make('a', 'middle', leaf());
    const underLow = make('b', 'low', leaf());
    assert.equal(verdict([underMiddle, middle]), 'spiffe://cluster.local/ns/a/sa/b');
    assert.equal(verdict([underMiddle, other, middle]), 'spiffe://cluster.local/ns/a/sa/b');
    assert.equal(verdict([underMiddle]), 'untrusted');
    assert.equal(verdict([underLow, low, middle]), 'untrusted');
  });

  it('refuses an intermediate that is no CA', () => {
    const fake = make('fake', 'root', leaf('keyUsage=critical,digitalSignature,keyCertSign\n'));
    assert.equal(verdict([make('c', 'fake', leaf()), fake]), 'untrusted');
  });

  const notSvids: { name: string; extensions: string }[] = [
    { name: 'a CA', extensions: `${ca()}subjectAltName=URI:spiffe://cluster.local/ns/a/sa/b\n` },
    { name: 'no key usage', extensions: leaf('') },
    { name: 'keyCertSign', extensions: leaf('keyUsage=critical,digitalSignature,keyCertSign\n') },
    { name: 'cRLSign', extensions: leaf('keyUsage=critical,digitalSignature,cRLSign\n') },
    { name: 'no digitalSignature', extensions: leaf('keyUsage=critical,keyAgreement\n') },
    { name: 'no URI', extensions: leaf(undefined, 'subjectAltName=DNS:a\n') },
    {
      name: 'two URIs',
      extensions: leaf(undefined, 'subjectAltName=URI:spiffe://cluster.local/a,URI:spiffe://cluster.local/b\n'),
    },
    { name: 'another scheme', extensions: leaf(undefined, 'subjectAltName=URI:https://cluster.local/a\n') },
    { name: 'no path', extensions: leaf(undefined, 'subjectAltName=URI:spiffe://cluster.local\n') },
    { name: 'serverAuth alone', extensions: leaf(undefined, undefined, 'extendedKeyUsage=serverAuth\n') },
  ];
  for (const { name, extensions } of notSvids) {
    it(`refuses a leaf with ${name} (X509-SVID §5.2)`, () => {
      assert.equal(verdict([make('bad', 'root', extensions)]), 'not_an_svid');
    });
  }

  it('refuses an ID of another trust domain even under a root of the bundle', () => {
    const der = make('foreign', 'root', leaf(undefined, 'subjectAltName=URI:spiffe://other.local/a\n'));
    assert.equal(verdict([der]), 'foreign_trust_domain');
  });

  it('refuses a critical extension that it does not know', () => {
    const der = make('critical', 'root', leaf(undefined, undefined, '1.2.3.4=critical,ASN1:NULL\n'));
    assert.equal(verdict([der]), 'untrusted');
  });

  it('refuses a changed byte anywhere', () => {
    const der = make('good', 'root', leaf());
    for (let at = 0; at < der.length; at += 7) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      assert.notEqual(verdict([changed]), 'spiffe://cluster.local/ns/a/sa/b', `byte ${at}`);
    }
  });
});
