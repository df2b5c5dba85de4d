import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { GatehouseError } from '../../../../../src/errors.ts';
import type { UpstreamFiles } from '../../../../../src/identity/authority/issue/upstream-check.ts';
import { createUpstreamFromFiles } from '../../../../../src/identity/authority/issue/upstream-files.ts';
import { readCertificate } from '../../../../../src/identity/pki/certificate.ts';
import { certificatesToPem } from '../../../../../src/identity/pki/pem.ts';
import { verifySvidChain } from '../../../../../src/identity/pki/svid-chain.ts';
import { systemClock } from '../../../../../src/lib/clock.ts';
import { openTestAuthority, orderOf, requestOf } from '../../../../support/authority.ts';
import { openssl } from '../../../../support/openssl.ts';
import { type TempDir, tempDir } from '../../../../support/temp-dir.ts';

const clock = { now: systemClock.now, advance: () => undefined };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('an intermediate authority under an upstream CA', () => {
  let directory: TempDir;
  const make = (name: string, issuer: string, extensions: string, days: string, key: string[]): void => {
    writeFileSync(directory.at('ext'), extensions);
    openssl([
      'req',
      '-new',
      ...key,
      '-nodes',
      '-keyout',
      directory.at(`${name}.key`),
      '-subj',
      `/CN=${name}`,
      '-out',
      directory.at('csr'),
    ]);
    const signer =
      issuer === name
        ? ['-signkey', directory.at(`${name}.key`)]
        : ['-CA', directory.at(`${issuer}.pem`), '-CAkey', directory.at(`${issuer}.key`), '-CAcreateserial'];
    const args = [
      'x509',
      '-req',
      '-in',
      directory.at('csr'),
      '-days',
      days,
      '-extfile',
      directory.at('ext'),
      ...signer,
    ];
    const run = openssl([...args, '-out', directory.at(`${name}.pem`)]);
    assert.ok(run.ok, run.text);
  };
  const read = (name: string): string => readFileSync(directory.at(name), 'utf8');
  const ca =
    'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'];

  before(async () => {
    directory = await tempDir();
    make('root', 'root', ca, '400', ['-newkey', 'rsa:2048']);
    make('middle', 'root', ca, '100', ec);
    make('short', 'root', ca, '10', ec);
    make('closed', 'root', ca.replace('CA:TRUE', 'CA:TRUE,pathlen:0'), '100', ec);
    make('leaf', 'root', 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n', '100', ec);
    make('stranger', 'stranger', ca, '100', ec);
  });
  after(() => directory[Symbol.asyncDispose]());

  const filesOf = (change: Partial<UpstreamFiles> = {}): UpstreamFiles => ({
    certificatePem: read('middle.pem'),
    keyPem: read('middle.key'),
    rootsPem: read('root.pem'),
    ...change,
  });
  const open = (files: UpstreamFiles, ttl = 365 * DAY) =>
    openTestAuthority(
      { x509AuthorityTtlMs: ttl },
      { clock, upstream: createUpstreamFromFiles(async () => files, HOUR) },
    );

  const opensslVerifies = (bundle: readonly Uint8Array[], chain: readonly Uint8Array[]): void => {
    writeFileSync(directory.at('roots.pem'), certificatesToPem(bundle));
    writeFileSync(directory.at('leaf-only.pem'), certificatesToPem(chain.slice(0, 1)));
    writeFileSync(directory.at('rest.pem'), certificatesToPem(chain.slice(1)));
    const run = openssl([
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      directory.at('roots.pem'),
      '-untrusted',
      directory.at('rest.pem'),
      directory.at('leaf-only.pem'),
    ]);
    assert.ok(run.ok, run.text);
  };

  it('publishes the root and sends the intermediates, and openssl verifies the chain', async () => {
    const { authority } = await open(filesOf());
    const { own } = authority.bundles.value;
    assert.deepEqual(
      own.x509Authorities.map((der) => certificatesToPem([der])),
      [read('root.pem')],
    );
    const svid = await authority.issueX509(requestOf('a'));
    assert.equal(svid.chain.length, 3);
    assert.equal(verifySvidChain(svid.chain, own, Date.now()).ok, true);
    opensslVerifies(own.x509Authorities, svid.chain);
  });

  it('takes a CA that is itself the root', async () => {
    const { authority } = await open({ certificatePem: read('root.pem'), keyPem: read('root.key'), rootsPem: '' });
    const svid = await authority.issueX509(requestOf('a'));
    assert.equal(svid.chain.length, 2);
    opensslVerifies(authority.bundles.value.own.x509Authorities, svid.chain);
  });

  it('never outlives the CA above it', async () => {
    const { authority } = await open(filesOf({ certificatePem: read('short.pem'), keyPem: read('short.key') }));
    const [active] = (await authority.status()).x509Authorities;
    assert.equal(
      active?.notAfterAt,
      readCertificate(Buffer.from(read('short.pem').split('-----')[2]!, 'base64')).notAfterAt,
    );
  });

  it('keeps one root in the bundle when it rotates under the same one', async () => {
    const { authority } = await open(filesOf());
    await authority.prepare(orderOf());
    await authority.activate(orderOf());
    assert.equal(authority.bundles.value.own.x509Authorities.length, 1);
    const svid = await authority.issueX509(requestOf('a'));
    opensslVerifies(authority.bundles.value.own.x509Authorities, svid.chain);
  });

  const refused: { name: string; change: () => Partial<UpstreamFiles>; want: RegExp }[] = [
    {
      name: 'a key of another certificate',
      change: () => ({ keyPem: read('root.key') }),
      want: /key in the key file is not that of the certificate/,
    },
    {
      name: 'no CA',
      change: () => ({ certificatePem: read('leaf.pem'), keyPem: read('leaf.key') }),
      want: /is not a CA/,
    },
    {
      name: 'path length 0',
      change: () => ({ certificatePem: read('closed.pem'), keyPem: read('closed.key') }),
      want: /path length is 0/,
    },
    {
      name: 'a foreign root',
      change: () => ({ rootsPem: read('stranger.pem') }),
      want: /not signed by any of the roots/,
    },
    { name: 'no root at all', change: () => ({ rootsPem: '' }), want: /not signed by any|does not lead to a root/ },
    { name: 'no key', change: () => ({ keyPem: 'x' }), want: /holds no private key/ },
    { name: 'no PEM', change: () => ({ certificatePem: '' }), want: /no PEM block CERTIFICATE/ },
  ];
  for (const { name, change, want } of refused) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(
        open(filesOf(change())),
        (thrown) =>
          thrown instanceof GatehouseError && thrown.code === 'certificate_invalid' && want.test(thrown.message),
      );
    });
  }

  it('refuses one that has expired', async () => {
    const late = { now: () => Date.now() + 20 * DAY, advance: () => undefined };
    const upstream = createUpstreamFromFiles(
      async () => filesOf({ certificatePem: read('short.pem'), keyPem: read('short.key') }),
      HOUR,
    );
    await assert.rejects(
      openTestAuthority({}, { clock: late, upstream }),
      /certificate [0-9a-f]+ \(CN=short\) in the certificate file expired at/,
    );
  });
});
