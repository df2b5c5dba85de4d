import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SignJWT } from 'jose';
import type { SvidReport } from '../../../../src/cli/svid/inspect/report.ts';
import { commandLine } from '../../../support/command-line.ts';
import { openssl } from '../../../support/openssl.ts';
import { makeCertificate, usualCa } from '../../../support/openssl-ca.ts';
import { gatehouseCommand } from '../../../support/run-gatehouse.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
const usage = 'keyUsage=critical,digitalSignature\n';
const purposes = 'extendedKeyUsage=serverAuth,clientAuth\n';
const uri = `subjectAltName=URI:${details}\n`;
const isLeaf = 'basicConstraints=critical,CA:FALSE\n';
const good = isLeaf + usage + purposes + uri;

async function inspect(...args: readonly string[]): Promise<{ code: number | undefined; report: SvidReport }> {
  const { out, err, code } = await commandLine('svid', 'inspect', ...args, '--output', 'json');
  assert.notEqual(out, '', err);
  return { code, report: JSON.parse(out) as SvidReport };
}

const broken = ({ deviations }: SvidReport): string[] =>
  deviations.map(({ at, spec, demand, problem }) => `${at} ${spec} ${demand}: ${problem}`);

/** All certificates are made by openssl, and openssl says whether a chain holds. */
describe('svid inspect', function () {
  this.timeout(60_000);
  let dir: TempDir;

  before(async () => {
    dir = await tempDir();
    makeCertificate(dir, { name: 'root' });
    makeCertificate(dir, {
      name: 'middle',
      issuer: 'root',
      extensions: `${usualCa}subjectAltName=URI:spiffe://cluster.local\n`,
    });
    makeCertificate(dir, { name: 'other' });
    makeCertificate(dir, { name: 'leaf', issuer: 'middle', extensions: good });
    mkdirSync(dir.at('set'));
    writeFileSync(dir.at('set/svid.pem'), text('leaf') + text('middle'));
    copyFileSync(dir.at('leaf.key'), dir.at('set/key.pem'));
    copyFileSync(dir.at('root.pem'), dir.at('set/bundle.pem'));
  });
  after(() => dir[Symbol.asyncDispose]());
  const text = (name: string): string => readFileSync(dir.at(`${name}.pem`), 'utf8');

  it('tells of a directory what openssl tells: ID, validity, chain, key, and that the bundle verifies it', async () => {
    const { code, report } = await inspect(dir.at('set'));
    assert.deepEqual([code, report.inOrder, report.deviations], [0, true, []]);
    assert.deepEqual([report.kind, report.spiffeId, report.key?.state], ['x509', details, 'fits']);
    const said = openssl([
      'x509',
      '-in',
      dir.at('leaf.pem'),
      '-noout',
      '-serial',
      '-enddate',
      '-fingerprint',
      '-sha256',
    ]).text;
    const [leaf] = report.certificates;
    assert.ok(leaf);
    assert.ok(said.toLowerCase().includes(`serial=${leaf.serial}`));
    assert.ok(said.replaceAll(':', '').toLowerCase().includes(leaf.sha256));
    const ends = Date.parse(/notAfter=(.*)/.exec(said)?.[1] ?? '');
    assert.equal(Date.parse(report.validity?.notAfter ?? ''), ends);
    assert.ok(Math.abs((report.validity?.secondsLeft ?? 0) * 1000 - (ends - Date.now())) < 60_000);
    assert.deepEqual(
      report.certificates.map(({ kind, spiffeId }) => [kind, spiffeId]),
      [
        ['leaf', details],
        ['signing', 'spiffe://cluster.local'],
      ],
    );
    const verified = openssl([
      'verify',
      '-CAfile',
      dir.at('root.pem'),
      '-untrusted',
      dir.at('middle.pem'),
      dir.at('leaf.pem'),
    ]);
    assert.deepEqual([verified.ok, report.verification?.verified], [true, true], verified.text);
    const { out } = await commandLine('svid', 'inspect', dir.at('set'));
    assert.match(out, /valid +from .* until .*: \d+d( \d+h)? left/);
    assert.match(out, /\nin order\n$/);
  });

  const leaves: readonly {
    name: string;
    extensions: string;
    commonName?: string;
    want: readonly RegExp[];
    inOrder?: boolean;
  }[] = [
    { name: 'no key usage', extensions: isLeaf + purposes + uri, want: [/X509-SVID §4.3 must: it has no key usage$/] },
    {
      name: 'a key usage that is not critical',
      extensions: isLeaf + purposes + uri + usage.replace('critical,', ''),
      want: [/X509-SVID §4.3 must: its key usage is not critical/],
    },
    {
      name: 'a key that may sign certificates, and not data',
      extensions: `${isLeaf + purposes + uri}keyUsage=critical,keyCertSign,cRLSign\n`,
      want: [
        /§4.3 must: its key usage lacks digitalSignature/,
        /§4.3 must: .*has keyCertSign/,
        /§4.3 must: .*has crlSign/,
      ],
    },
    {
      name: 'one purpose of two',
      extensions: `${isLeaf + usage + uri}extendedKeyUsage=clientAuth\n`,
      want: [/X509-SVID §4.4 must: its extended key usage lacks serverAuth/],
    },
    { name: 'no purposes', extensions: isLeaf + usage + uri, want: [/X509-SVID §4.4 should/], inOrder: true },
    { name: 'no name', extensions: isLeaf + usage + purposes, want: [/X509-SVID §2 must: it has no URI name/] },
    {
      name: 'two names',
      extensions: `${isLeaf + usage + purposes}subjectAltName=URI:${details},URI:spiffe://cluster.local/b\n`,
      want: [/X509-SVID §2 must: it has 2 URI names/],
    },
    {
      name: 'a name that is no SPIFFE ID',
      extensions: `${isLeaf + usage + purposes}subjectAltName=URI:spiffe://Cluster.local/a\n`,
      want: [/SPIFFE-ID §2 must: .*not a SPIFFE ID/],
    },
    {
      name: 'a name without path',
      extensions: `${isLeaf + usage + purposes}subjectAltName=URI:spiffe://cluster.local\n`,
      want: [/X509-SVID §3.1 must: .*has no path/],
    },
    {
      name: 'no subject, and names that are not critical',
      commonName: '',
      extensions: good,
      want: [/X509-SVID §3.1 must: its subject is empty/],
    },
    { name: 'a signing certificate', extensions: usualCa + uri, want: [/X509-SVID §4.1 must: it is a signing/] },
    {
      name: 'a critical extension that nobody knows',
      extensions: `${good}1.2.3.4.5=critical,DER:0500\n`,
      want: [/RFC 5280 §4.2 must: critical extension 1.2.3.4.5/],
    },
  ];
  for (const { name, extensions, commonName, want, inOrder = false } of leaves)
    it(`names what a leaf breaks: ${name}`, async () => {
      const file = name.replaceAll(/\W/g, '-');
      makeCertificate(dir, { name: file, issuer: 'root', extensions, ...(commonName !== undefined && { commonName }) });
      const { code, report } = await inspect(dir.at(`${file}.pem`), '--bundle', dir.at('root.pem'));
      const found = broken(report);
      assert.equal(found.length, want.length, found.join('\n'));
      for (const [i, pattern] of want.entries()) assert.match(found[i]!, pattern);
      assert.deepEqual([code, report.inOrder], inOrder ? [0, true] : [1, false]);
    });

  it('names what a signing certificate breaks, in the chain and in the bundle, and the order of the chain', async () => {
    const wrong = `basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign\nsubjectAltName=URI:spiffe://other.example/a\n`;
    makeCertificate(dir, { name: 'wrong', issuer: 'root', extensions: wrong });
    writeFileSync(dir.at('wrong-chain.pem'), text('leaf') + text('wrong') + text('middle'));
    const { report } = await inspect(dir.at('wrong-chain.pem'), '--bundle', dir.at('wrong.pem'));
    const all = broken(report).join('\n');
    for (const pattern of [
      /^certificate 2 X509-SVID §3.2 must: .*has a path/m,
      /^certificate 2 X509-SVID §3.2 should: it is of other.example/m,
      /^certificate 2 X509-SVID §4.3 must: its key usage is not critical/m,
      /^certificate 2 X509-SVID §4.3 must: its key usage lacks keyCertSign/m,
      /^certificate 2 RFC 8446 §4.4.2 should: it did not sign certificate 1/m,
      /^bundle certificate 1 X509-SVID §4.3 must: its key usage lacks keyCertSign/m,
    ])
      assert.match(all, pattern);
    assert.equal(report.verification?.verified, false);
  });

  it('says no with exit 1: another bundle, another key, expired, not yet valid', async () => {
    makeCertificate(dir, { name: 'old', issuer: 'root', extensions: good, fromDays: -9, untilDays: -2 });
    makeCertificate(dir, { name: 'new', issuer: 'root', extensions: good, fromDays: 1 });
    const bundle = ['--bundle', dir.at('root.pem')];
    const other = await inspect(dir.at('set'), '--bundle', dir.at('other.pem'));
    assert.deepEqual([other.code, other.report.verification?.verified], [1, false]);
    const judged = openssl([
      'verify',
      '-CAfile',
      dir.at('other.pem'),
      '-untrusted',
      dir.at('middle.pem'),
      dir.at('leaf.pem'),
    ]);
    assert.equal(judged.ok, false);
    const key = await inspect(dir.at('set'), '--key', dir.at('other.key'));
    assert.deepEqual([key.code, key.report.key?.state], [1, 'differs']);
    const old = await inspect(dir.at('old.pem'), ...bundle);
    assert.deepEqual([old.code, old.report.validity?.state, old.report.verification?.verified], [1, 'expired', false]);
    assert.match((await commandLine('svid', 'inspect', dir.at('old.pem'))).out, /expired 2d/);
    const early = await inspect(dir.at('new.pem'), ...bundle);
    assert.deepEqual([early.code, early.report.validity?.state], [1, 'not_yet_valid']);
  });

  it('takes a certificate with its key in one file, a key alone, and standard input; without a bundle it says that', async () => {
    writeFileSync(dir.at('both.pem'), text('leaf') + readFileSync(dir.at('leaf.key'), 'utf8'));
    const both = await inspect(dir.at('both.pem'));
    assert.deepEqual([both.code, both.report.key?.state, both.report.verification], [0, 'fits', null]);
    const key = await inspect(dir.at('leaf.key'));
    assert.deepEqual([key.code, key.report.kind, key.report.key?.keyType], [0, 'key', 'ec prime256v1']);
    const [program, args] = gatehouseCommand('svid', 'inspect', '-', '--output', 'json');
    const piped = spawnSync(program, args, { input: text('leaf'), encoding: 'utf8' });
    assert.equal(piped.status, 0, piped.stderr);
    assert.equal((JSON.parse(piped.stdout) as SvidReport).spiffeId, details);
  });

  it('verifies a token under a JWK Set, and names what it breaks', async () => {
    const privateKey = createPrivateKey(readFileSync(dir.at('leaf.key')));
    const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'k', use: 'jwt-svid' };
    writeFileSync(dir.at('bundle.json'), JSON.stringify({ keys: [jwk] }));
    const token = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k', ...header }).sign(privateKey);
    const exp = Math.floor(Date.now() / 1000) + 300;
    const rows = [
      { claims: { sub: details, aud: ['a'], exp }, want: [], code: 0 },
      { claims: { sub: details, aud: ['a'], exp }, audience: 'b', want: [], code: 1 },
      { claims: { sub: details, aud: ['a', 'b'], exp }, want: [/§3.2 should/], code: 0 },
      { claims: { sub: 'details', aud: 'a', exp }, want: [/JWT-SVID §3.1 must/], code: 1 },
      { claims: { sub: 'spiffe://a.b', aud: 'a', exp }, want: [/§3.1 must: .*has no path/], code: 1 },
      { claims: { sub: details, exp }, want: [/JWT-SVID §3.2 must/], code: 1 },
      { claims: { sub: details, aud: 'a' }, want: [/JWT-SVID §3.3 must/], code: 1 },
      { claims: { sub: details, aud: 'a', exp: exp - 900 }, want: [], code: 1 },
      {
        claims: { sub: details, aud: 'a', exp },
        header: { typ: 'at+jwt', jku: 'x' },
        want: [/"jku"/, /§2.3/],
        code: 1,
      },
    ];
    for (const { claims, header, audience, want, code: wanted } of rows) {
      writeFileSync(dir.at('token'), `${await token(claims, header)}\n`);
      const also = audience === undefined ? [] : ['--audience', audience];
      const { code, report } = await inspect(dir.at('token'), '--bundle', dir.at('bundle.json'), ...also);
      const found = broken(report);
      assert.deepEqual([code, found.length], [wanted, want.length], `${JSON.stringify(claims)}\n${found.join('\n')}`);
      for (const [i, pattern] of want.entries()) assert.match(found[i]!, pattern);
    }
    const { report } = await inspect(dir.at('token'), '--bundle', dir.at('root.pem'));
    assert.match(report.verification?.reason ?? '', /no keys for tokens/);
  });

  it('cannot say, with exit 2 and one line: nothing there, nothing of an SVID in it, cut short', async () => {
    mkdirSync(dir.at('empty'));
    writeFileSync(dir.at('noise'), 'hello\n');
    writeFileSync(dir.at('cut.pem'), text('leaf').slice(0, 200));
    writeFileSync(dir.at('not.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    for (const [args, says] of [
      [[dir.at('nowhere')], /there is no /],
      [[dir.at('empty')], /has no svid.pem, .*: name the file/],
      [[dir.at('noise')], /no certificate or key in PEM, and is no token/],
      [[dir.at('bundle.json')], /a bundle is given by --bundle/],
      [[dir.at('cut.pem')], /no END line/],
      [[dir.at('not.pem')], /certificate 1 is no certificate/],
      [[dir.at('set'), '--bundle', dir.at('noise')], /noise is no bundle/],
      [[dir.at('set'), '--audience', 'a'], /--audience is for tokens/],
      [['/dev/null'], /no regular file: give - /],
    ] as const) {
      const { code, err, out } = await commandLine('svid', 'inspect', ...args);
      assert.deepEqual([code, out, err.trimEnd().split('\n').length], [2, '', 1], err);
      assert.match(err, says);
    }
  });

  it('says of files beside that cannot be read that they were not looked at; a bundle then verifies nothing', async () => {
    mkdirSync(dir.at('odd/key.pem'), { recursive: true });
    copyFileSync(dir.at('leaf.pem'), dir.at('odd/svid.pem'));
    const key = await inspect(dir.at('odd'));
    assert.deepEqual([key.code, key.report.key?.state, key.report.verification], [0, 'unreadable', null]);
    mkdirSync(dir.at('odd/bundle.pem'));
    const bundle = await inspect(dir.at('odd'));
    assert.deepEqual([bundle.code, bundle.report.verification?.verified], [1, false]);
    assert.match(bundle.report.verification?.reason ?? '', /cannot read .*bundle.pem/);
  });
});
