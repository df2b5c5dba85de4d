import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createUpstreamFromFiles } from '../../src/identity/authority/issue/upstream-files.ts';
import { certificatesToPem } from '../../src/identity/pki/pem.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { X509Svid } from '../../src/spiffe/svid.ts';
import { openTestAuthority, orderOf, requestOf } from '../support/authority.ts';
import { openssl } from '../support/openssl.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

const clock = { now: systemClock.now, advance: () => undefined };

/** What a verifier who knows nothing of us says of a chain, with these roots. */
function verdicts(dir: TempDir, { chain }: X509Svid, roots: readonly Uint8Array[]) {
  writeFileSync(dir.at('roots.pem'), certificatesToPem(roots));
  writeFileSync(dir.at('leaf.pem'), certificatesToPem(chain.slice(0, 1)));
  writeFileSync(dir.at('rest.pem'), certificatesToPem(chain.slice(1)));
  writeFileSync(dir.at('chain.pem'), certificatesToPem(chain));
  const rest = chain.length > 1 ? ['-untrusted', dir.at('rest.pem')] : [];
  const purposes = ['sslserver', 'sslclient'].map((purpose) =>
    openssl([
      'verify',
      '-x509_strict',
      '-purpose',
      purpose,
      '-CAfile',
      dir.at('roots.pem'),
      ...rest,
      dir.at('leaf.pem'),
    ]),
  );
  const gnutls = spawnSync(
    'certtool',
    [
      ...['--verify', '--verify-profile', 'medium', '--infile', dir.at('chain.pem')],
      ...['--load-ca-certificate', dir.at('roots.pem')],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(gnutls.error, undefined, 'certtool (package gnutls-bin)');
  return {
    openssl: purposes.every(({ ok }) => ok),
    gnutls: gnutls.status === 0,
    text: [...purposes.map(({ text }) => text), gnutls.stdout, gnutls.stderr].join('\n'),
  };
}

describe('chains that rotation makes, judged by openssl -x509_strict and GnuTLS', function () {
  this.timeout(60_000);
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
    makeCa('rsa', 'rsa', ['-newkey', 'rsa:3072']);
    makeCa('middle', 'rsa', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']);
  });
  after(() => dir?.[Symbol.asyncDispose]());

  const verifies = (svid: X509Svid, roots: readonly Uint8Array[], which: string): void => {
    const { text, ...both } = verdicts(dir, svid, roots);
    assert.deepEqual(both, { openssl: true, gnutls: true }, `${which}: ${text}`);
  };
  const refuses = (svid: X509Svid, roots: readonly Uint8Array[], which: string): void => {
    const { text, ...both } = verdicts(dir, svid, roots);
    assert.deepEqual(both, { openssl: false, gnutls: false }, `${which}: ${text}`);
  };

  /** A CA of openssl's, under itself or another. */
  const makeCa = (name: string, issuer: string, key: readonly string[]): void => {
    writeFileSync(
      dir.at('ext'),
      'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    );
    const asked = ['req', '-new', ...key, '-nodes', '-keyout', dir.at(`${name}.key`), '-subj', `/CN=${name}`];
    const signer =
      issuer === name
        ? ['-signkey', dir.at(`${name}.key`)]
        : ['-CA', dir.at(`${issuer}.pem`), '-CAkey', dir.at(`${issuer}.key`), '-CAcreateserial'];
    for (const args of [
      [...asked, '-out', dir.at('csr')],
      [
        'x509',
        '-req',
        '-in',
        dir.at('csr'),
        '-days',
        '400',
        '-extfile',
        dir.at('ext'),
        ...signer,
        '-out',
        dir.at(`${name}.pem`),
      ],
    ]) {
      const made = openssl(args);
      assert.ok(made.ok, made.text);
    }
  };
  const upstreamOf = (name: string, root: string) =>
    createUpstreamFromFiles(
      async () => ({
        certificatePem: readFileSync(dir.at(`${name}.pem`), 'utf8'),
        keyPem: readFileSync(dir.at(`${name}.key`), 'utf8'),
        rootsPem: readFileSync(dir.at(`${root}.pem`), 'utf8'),
      }),
      3_600_000,
    );

  const kinds: readonly { readonly name: string; readonly upstream?: readonly [string, string] }[] = [
    { name: 'self-signed' },
    { name: 'under an RSA root', upstream: ['rsa', 'rsa'] },
    { name: 'under an intermediate of P-384', upstream: ['middle', 'rsa'] },
  ];
  for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    for (const { name, upstream } of kinds) {
      it(`${keyType}, ${name}: before, through and after a whole rotation`, async () => {
        const { authority } = await openTestAuthority(
          { keyType },
          { clock, ...(upstream && { upstream: upstreamOf(...upstream) }) },
        );
        const roots = () => authority.bundles.value.own.x509Authorities;
        const only = roots();
        const old = await authority.issueX509(requestOf('a'));
        verifies(old, only, 'at first');
        const step = orderOf('x509', { override: true });
        await authority.prepare(step);
        verifies(old, roots(), 'prepared');
        await authority.activate(step);
        const fresh = await authority.issueX509(requestOf('a'));
        assert.notEqual(fresh.authorityId, old.authorityId);
        verifies(old, roots(), 'the old one, both in the bundle');
        verifies(fresh, roots(), 'the new one, both in the bundle');
        if (upstream === undefined) refuses(fresh, only, 'the new one, where only the old root is known');
        await authority.taint(step);
        await authority.revoke(step);
        verifies(fresh, roots(), 'afterwards');
        if (upstream === undefined) refuses(old, roots(), 'the old one, afterwards');
        await authority[Symbol.asyncDispose]();
      });
    }
  }
});
