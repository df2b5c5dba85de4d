import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { GatehouseError } from '../../../../../src/errors.ts';
import { createUpstreamFromFiles } from '../../../../../src/identity/authority/issue/upstream-files.ts';
import { systemClock } from '../../../../../src/lib/clock.ts';
import { openTestAuthority } from '../../../../support/authority.ts';
import { openssl } from '../../../../support/openssl.ts';
import { type Made, makeCertificate, usualCa } from '../../../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../../../support/temp-dir.ts';

const HOUR = 3_600_000;
const clock = { now: systemClock.now, advance: () => undefined };
const withMore = (line: string): string => `${usualCa}${line}\n`;
const without = (line: string): string => usualCa.replace(`${line}\n`, '');

/** A CA of one certificate, or more with the last to be made first in the file; the rest are roots. */
interface Case {
  readonly name: string;
  readonly made: readonly Made[];
  readonly files?: { readonly chain: readonly string[]; readonly roots: readonly string[] };
  readonly want: RegExp;
}

const root = { name: 'root' };
const one = { chain: ['root'], roots: ['root'] };
const two = { chain: ['lower'], roots: ['root'] };

describe('an upstream CA', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  const upstreamOf = ({ made, files = one }: Case) => {
    for (const each of made) makeCertificate(dir, each);
    const text = (names: readonly string[]) =>
      names.map((each) => readFileSync(dir.at(`${each}.pem`), 'utf8')).join('');
    const key = made.find(({ name }) => name === files.chain[0])?.key ?? files.chain[0];
    return createUpstreamFromFiles(
      async () => ({
        certificatePem: text(files.chain),
        keyPem: readFileSync(dir.at(`${key}.key`), 'utf8'),
        rootsPem: text(files.roots),
        names: {
          certificate: dir.at(`${files.chain[0]}.pem`),
          key: dir.at(`${key}.key`),
          roots: dir.at(`${files.roots[0]}.pem`),
        },
      }),
      HOUR,
    );
  };

  const refused: readonly Case[] = [
    {
      name: 'with a critical extension that nobody knows',
      made: [{ ...root, extensions: withMore('1.2.3.4=critical,ASN1:NULL') }],
      want: /critical extension \(1\.2\.3\.4\)/,
    },
    {
      name: 'whose intermediate has one',
      made: [root, { name: 'lower', issuer: 'root', extensions: withMore('1.2.3.4=critical,ASN1:NULL') }],
      files: two,
      want: /critical extension/,
    },
    {
      name: 'with critical name constraints',
      made: [{ ...root, extensions: withMore('nameConstraints=critical,permitted;DNS:example.org') }],
      want: /critical extension \(name constraints, 2\.5\.29\.30\)/,
    },
    {
      name: 'whose name constraints exclude our trust domain without being critical',
      made: [
        root,
        { name: 'lower', issuer: 'root', extensions: withMore('nameConstraints=excluded;URI:cluster.local') },
      ],
      files: two,
      want: /OpenSSL refuses what is signed under it: .*has name constraints/,
    },
    {
      name: 'whose name constraints permit another trust domain only',
      made: [
        root,
        { name: 'lower', issuer: 'root', extensions: withMore('nameConstraints=permitted;URI:example.org') },
      ],
      files: two,
      want: /OpenSSL refuses what is signed under it: .*has name constraints/,
    },
    {
      name: 'that is for servers alone',
      made: [{ ...root, extensions: withMore('extendedKeyUsage=serverAuth') }],
      want: /extended key usage lacks 1\.3\.6\.1\.5\.5\.7\.3\.2/,
    },
    {
      name: 'of path length 0',
      made: [{ ...root, extensions: usualCa.replace('CA:TRUE', 'CA:TRUE,pathlen:0') }],
      want: /path length is 0/,
    },
    {
      name: 'under a root of path length 1, which leaves no room for ours',
      made: [
        { ...root, extensions: usualCa.replace('CA:TRUE', 'CA:TRUE,pathlen:1') },
        { name: 'lower', issuer: 'root' },
      ],
      files: two,
      want: /path length is 1, and below it are 2 authorities/,
    },
    {
      name: 'whose intermediate names the serial of its root, which was renewed',
      made: [
        { ...root, key: 'top' },
        {
          name: 'lower',
          issuer: 'root',
          extensions: withMore('').replace(
            'authorityKeyIdentifier=keyid',
            'authorityKeyIdentifier=keyid,issuer:always',
          ),
        },
        { name: 'renewed', key: 'top' },
      ],
      files: { chain: ['lower'], roots: ['renewed'] },
      want: /OpenSSL refuses what is signed under it/,
    },
    {
      name: 'with 100 seconds left',
      made: [{ ...root, untilDays: 100 / 86_400 }],
      want: /\(CN=\w+\) in \/\S+\.pem ends at .*, before an SVID would/,
    },
    {
      name: 'whose root has 100 seconds left',
      made: [
        { ...root, untilDays: 100 / 86_400 },
        { name: 'lower', issuer: 'root' },
      ],
      files: two,
      want: /\(CN=\w+\) in \/\S+\.pem ends at .*, before an SVID would/,
    },
    {
      name: 'whose root has expired',
      made: [
        { ...root, untilDays: -1, fromDays: -9 },
        { name: 'lower', issuer: 'root' },
      ],
      files: two,
      want: /certificate [0-9a-f]+ \(.*\) in \/\S+\.pem expired at/,
    },
    {
      name: 'that is not valid yet',
      made: [{ ...root, fromDays: 1 }],
      want: /valid only from .*compare the clocks/,
    },
    {
      name: 'without keyUsage',
      made: [{ ...root, extensions: without('keyUsage=critical,keyCertSign,cRLSign') }],
      want: /is not a CA: basicConstraints CA:TRUE and keyUsage keyCertSign are needed/,
    },
  ];
  for (const each of refused) {
    it(`is refused ${each.name}`, async () => {
      const upstream = upstreamOf(each);
      await assert.rejects(openTestAuthority({}, { clock, upstream }), (thrown) => {
        assert.ok(thrown instanceof GatehouseError);
        assert.equal(thrown.code, 'certificate_invalid');
        assert.match(thrown.message, each.want);
        return true;
      });
    });
  }

  const keys: readonly { name: string; algorithm: readonly string[]; want: RegExp }[] = [
    { name: 'an RSA key of 1024 bits', algorithm: ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'], want: /has 1024 bits/ },
    {
      name: 'a curve that Go does not know',
      algorithm: ['EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
      want: /curve is secp256k1/,
    },
    {
      name: 'a curve that is written out',
      algorithm: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'],
      want: /not named/,
    },
  ];
  for (const { name, algorithm, want } of keys) {
    it(`is refused with ${name}`, async () => {
      const made = openssl(['genpkey', '-algorithm', ...algorithm, '-out', dir.at('root.key')]);
      assert.ok(made.ok, made.text);
      const upstream = upstreamOf({ name: '', made: [root], want: /./ });
      await assert.rejects(openTestAuthority({}, { clock, upstream }), want);
    });

    it(`is refused with a root beside its own that has ${name}, since the bundle would have it`, async () => {
      const made = openssl(['genpkey', '-algorithm', ...algorithm, '-out', dir.at('beside.key')]);
      assert.ok(made.ok, made.text);
      const upstream = upstreamOf({
        name: '',
        made: [root, { name: 'beside' }],
        files: { chain: ['root'], roots: ['root', 'beside'] },
        want: /./,
      });
      await assert.rejects(openTestAuthority({}, { clock, upstream }), want);
    });
  }

  const said: readonly Case[] = [
    {
      name: 'without a subject key identifier',
      made: [
        {
          ...root,
          extensions: without('subjectKeyIdentifier=hash').replace(
            'authorityKeyIdentifier=keyid\n',
            'subjectKeyIdentifier=none\n',
          ),
        },
      ],
      want: /^no_subject_key_id: certificate [0-9a-f]+ \(.*\) in \/\S+\.pem has no subject key identifier/,
    },
    {
      name: 'with name constraints that let us through',
      made: [
        root,
        { name: 'lower', issuer: 'root', extensions: withMore('nameConstraints=permitted;URI:cluster.local') },
      ],
      files: two,
      want: /^name_constraints: /,
    },
    { name: 'with an empty Subject', made: [{ ...root, commonName: '' }], want: /^empty_subject: / },
    {
      name: 'with an expired twin beside it',
      made: [
        { name: 'gone', key: 'root', fromDays: -9, untilDays: -1 },
        { ...root, key: 'root' },
      ],
      files: { chain: ['root'], roots: ['gone', 'root'] },
      want: /^root_expired: /,
    },
    {
      name: 'that ends in two hours',
      made: [{ ...root, untilDays: 2 / 24 }],
      want: /^ends_soon: certificate [0-9a-f]+ \(CN=root\) in \/\S+\.pem ends at /,
    },
  ];
  for (const each of said) {
    it(`is used ${each.name}, and that is said`, async () => {
      const upstream = upstreamOf(each);
      await openTestAuthority({}, { clock, upstream });
      const { findings } = await upstream.look(Date.now());
      assert.equal(findings.length, 1);
      assert.match(`${findings[0]!.code}: ${findings[0]!.message}`, each.want);
    });
  }

  it('is used without a word when nothing is wrong', async () => {
    const upstream = upstreamOf({ name: '', made: [root, { name: 'lower', issuer: 'root' }], files: two, want: /./ });
    await openTestAuthority({}, { clock, upstream });
    assert.deepEqual((await upstream.look(Date.now())).findings, []);
  });
});
