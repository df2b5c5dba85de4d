import assert from 'node:assert/strict';
import { createCertificateReader } from '../../../../src/authz/http/certificate-forms.ts';
import { makeCertificate, usualCa } from '../../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const withNames = (...names: readonly string[]): string =>
  `basicConstraints=critical,CA:FALSE\n${names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`}`;

describe('createCertificateReader', () => {
  let dir: TempDir;
  const pems = new Map<string, string>();
  before(async () => {
    dir = await tempDir();
    makeCertificate(dir, { name: 'ca', extensions: usualCa });
    const names = {
      one: ['URI:spiffe://a/b', 'DNS:b'],
      two: ['URI:spiffe://a/b', 'URI:spiffe://a/c'],
      none: ['DNS:b'],
      bare: [],
    };
    for (const [name, some] of Object.entries(names))
      pems.set(name, makeCertificate(dir, { name, issuer: 'ca', extensions: withNames(...some) }));
  });
  after(() => dir[Symbol.asyncDispose]());

  const pem = (name = 'one'): string => /-----BEGIN[\s\S]*-----END CERTIFICATE-----\n/.exec(pems.get(name)!)![0];
  const base64 = (name = 'one'): string => pem(name).replace(/-----[^-]+-----|\s/g, '');
  const read = createCertificateReader();
  const xfcc = (more = ''): string =>
    `By=spiffe://us;Hash=ab;Cert="${encodeURIComponent(pem())}";Subject="CN=two,O=lab";URI=spiffe://a/b;DNS=c${more}`;

  const forms: readonly { name: string; text: () => string }[] = [
    { name: 'PEM with percent-escapes', text: () => encodeURIComponent(pem()) },
    { name: 'PEM as nginx escapes it', text: () => encodeURI(pem()).replace(/[+/=]/g, encodeURIComponent) },
    { name: 'PEM with spaces', text: () => pem().replaceAll('\n', ' ') },
    { name: 'PEM', text: () => pem() },
    { name: 'base64 of DER', text: () => base64() },
    { name: 'XFCC', text: () => xfcc() },
  ];
  for (const { name, text } of forms)
    it(`reads ${name}`, () =>
      assert.deepEqual(read(text()), { escapedPem: encodeURIComponent(pem()), uri: 'spiffe://a/b' }));

  const wrongs: readonly { name: string; text: () => string; wrong: RegExp }[] = [
    { name: 'two certificates', text: () => encodeURIComponent(pem() + pem('two')), wrong: /exactly one/ },
    { name: 'two in a list', text: () => `${base64()},${base64()}`, wrong: /exactly one/ },
    { name: 'no URI SAN', text: () => base64('none'), wrong: /0 URI SANs/ },
    { name: 'no SAN at all', text: () => base64('bare'), wrong: /0 URI SANs/ },
    { name: 'two URI SANs', text: () => base64('two'), wrong: /2 URI SANs/ },
    { name: 'half a certificate', text: () => base64().slice(0, 400), wrong: /cannot be read/ },
    {
      name: 'one with something behind it',
      text: () => Buffer.concat([Buffer.from(base64(), 'base64'), Buffer.alloc(3)]).toString('base64'),
      wrong: /cannot be read/,
    },
    { name: 'text before PEM', text: () => `x${pem()}`, wrong: /exactly one/ },
    { name: 'text behind PEM', text: () => `${pem()}x`, wrong: /exactly one/ },
    { name: 'an escape that is none', text: () => `${encodeURIComponent(pem())}%zz`, wrong: /cannot be read/ },
    {
      name: 'what nginx has for PEM unescaped',
      text: () => pem().replace('BEGIN CERTIFICATE', 'BEGIN X509 CRL'),
      wrong: /exactly one/,
    },
    { name: 'XFCC of two elements', text: () => `${xfcc()},${xfcc()}`, wrong: /exactly one/ },
    {
      name: 'XFCC with two certificates',
      text: () => xfcc(`;Cert="${encodeURIComponent(pem())}"`),
      wrong: /exactly one/,
    },
    { name: 'XFCC without its certificate', text: () => 'Hash=ab;URI=spiffe://a/b', wrong: /exactly one/ },
    { name: 'XFCC whose subject says Cert', text: () => 'Hash=ab;Subject="x;Cert=abc;"', wrong: /exactly one/ },
    { name: 'a name', text: () => 'spiffe://a/b', wrong: /exactly one/ },
    { name: '(null)', text: () => '(null)', wrong: /exactly one/ },
    { name: 'base64 of nothing much', text: () => 'AAAAAAAAAAA=', wrong: /cannot be read/ },
    {
      name: 'base64 for URLs',
      text: () => Buffer.from(base64(), 'base64').toString('base64url'),
      wrong: /exactly one/,
    },
    { name: 'far too much', text: () => 'A'.repeat(40_000), wrong: /too long/ },
  ];
  for (const { name, text, wrong } of wrongs)
    it(`refuses ${name}`, () => {
      const reading = read(text());
      assert.ok('wrong' in reading);
      assert.match(reading.wrong, wrong);
    });
});
