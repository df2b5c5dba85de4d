import assert from 'node:assert/strict';
import { GatehouseError } from '../../../../src/errors.ts';
import { readCsr, readCsrPem } from '../../../../src/identity/pki/csr.ts';
import { element, sequence, tag } from '../../../../src/identity/pki/der.ts';
import { toPem } from '../../../../src/identity/pki/pem.ts';
import { openssl } from '../../../support/openssl.ts';

const ec = (curve: string): string[] => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`];
const rsa = (bits: number): string[] => ['-newkey', `rsa:${bits}`];

function makeCsr(key: readonly string[], extra: readonly string[] = [], form = 'DER'): Buffer {
  const run = openssl([
    'req',
    '-new',
    ...key,
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    '/CN=x',
    '-outform',
    form,
    ...extra,
  ]);
  assert.ok(run.ok, run.text);
  return run.stdout;
}

const reasonOf = (der: Uint8Array): string => {
  try {
    readCsr(der);
  } catch (thrown) {
    assert.ok(thrown instanceof GatehouseError, String(thrown));
    assert.equal(thrown.code, 'csr_invalid');
    return String(thrown.details['reason']);
  }
  return 'accepted';
};

describe('readCsr', () => {
  const good = makeCsr(ec('P-256'));

  const accepted: { name: string; key: string[]; extra?: string[]; family: string }[] = [
    { name: 'P-256', key: ec('P-256'), family: 'ec' },
    { name: 'P-384 with SHA-384', key: ec('P-384'), extra: ['-sha384'], family: 'ec' },
    { name: 'RSA 2048', key: rsa(2048), family: 'rsa' },
    { name: 'RSA 4096 with SHA-512', key: rsa(4096), extra: ['-sha512'], family: 'rsa' },
    {
      name: 'one with a huge list of names, which do not count',
      key: ec('P-256'),
      extra: ['-addext', `subjectAltName=${Array.from({ length: 300 }, (_, i) => `DNS:a${i}.example`).join(',')}`],
      family: 'ec',
    },
  ];
  for (const { name, key, extra, family } of accepted) {
    it(`accepts ${name} and takes the key that openssl sees`, () => {
      const der = makeCsr(key, extra);
      const request = readCsr(der);
      assert.equal(request.family, family);
      const pem = openssl(['req', '-inform', 'DER', '-noout', '-pubkey'], der).stdout.toString();
      assert.equal(toPem('PUBLIC KEY', request.spki), pem);
    }).timeout(300_000);
  }

  it('reads PEM', () => {
    assert.equal(readCsrPem(makeCsr(ec('P-256'), [], 'PEM').toString()).family, 'ec');
  });

  const pem = toPem('CERTIFICATE REQUEST', good);
  const texts: { name: string; text: string; want: RegExp }[] = [
    { name: 'no block', text: 'hello', want: /no PEM block CERTIFICATE REQUEST or NEW CERTIFICATE REQUEST/ },
    { name: 'two blocks', text: pem + pem, want: /more than one PEM block/ },
    { name: 'one of either name', text: toPem('NEW CERTIFICATE REQUEST', good) + pem, want: /more than one PEM block/ },
    { name: 'a block that does not end', text: pem.replace('-----END', ''), want: /has no END line/ },
  ];
  for (const { name, text, want } of texts)
    it(`refuses PEM of ${name}, and its sender may read why`, () => {
      assert.throws(
        () => readCsrPem(text),
        (thrown) => {
          assert.ok(thrown instanceof GatehouseError && thrown.code === 'csr_invalid');
          assert.match(String(thrown.details['peerText']), want);
          return true;
        },
      );
    });

  const nested = (depth: number): Buffer => {
    let der = element(tag.sequence);
    for (let index = 0; index < depth; index += 1) der = sequence(der);
    return der;
  };
  const flipped = (at: number): Buffer => {
    const der = Buffer.from(good);
    der[at] = (der[at] ?? 0) ^ 1;
    return der;
  };
  const refused: { name: string; der: () => Buffer; want: RegExp }[] = [
    { name: 'nothing', der: () => Buffer.alloc(0), want: /./ },
    { name: 'a truncated request', der: () => good.subarray(0, -1), want: /./ },
    { name: 'something after it', der: () => Buffer.concat([good, Buffer.of(0)]), want: /./ },
    { name: 'a wrong signature', der: () => flipped(good.length - 3), want: /does not verify/ },
    { name: 'another subject than was signed', der: () => flipped(good.indexOf('x', 20)), want: /./ },
    { name: 'nesting of 200', der: () => nested(200), want: /depth/i },
    { name: '16 KiB and one byte', der: () => Buffer.alloc(16 * 1024 + 1, 0x30), want: /longer than 16384 bytes/ },
    { name: 'P-224', der: () => makeCsr(ec('P-224')), want: /curve is not P-256 or P-384/ },
    { name: 'P-521', der: () => makeCsr(ec('P-521')), want: /curve is not/ },
    { name: 'RSA 1024', der: () => makeCsr(rsa(1024)), want: /RSA of 1024 bits/ },
    { name: 'Ed25519', der: () => makeCsr(['-newkey', 'ed25519']), want: /signature algorithm 1\.3\.101\.112/ },
    { name: 'SHA-1', der: () => makeCsr(ec('P-256'), ['-sha1']), want: /signature algorithm 1\.2\.840\.10045\.4\.1/ },
  ];
  for (const { name, der, want } of refused) {
    it(`refuses ${name}`, () => assert.match(reasonOf(der()), want));
  }

  it('refuses RSA of 16,384 bits by its size, before any arithmetic', () => {
    const modulus = Buffer.alloc(2049, 0xff);
    modulus[0] = 0;
    const key = sequence(element(tag.integer, modulus), element(tag.integer, Buffer.of(1, 0, 1)));
    const algorithm = sequence(element(tag.oid, Buffer.from('2a864886f70d010101', 'hex')), element(tag.nullValue));
    const spki = sequence(algorithm, element(tag.bitString, Buffer.of(0), key));
    const info = sequence(element(tag.integer, Buffer.of(0)), sequence(), spki, element(0xa0));
    const rs256 = sequence(element(tag.oid, Buffer.from('2a864886f70d01010b', 'hex')), element(tag.nullValue));
    const der = sequence(info, rs256, element(tag.bitString, Buffer.alloc(2049)));
    assert.match(reasonOf(der), /larger than an RSA key of 4096 bits/);
  });

  it('refuses a point that is not on the curve', () => {
    const at = good.indexOf(Buffer.from('034200', 'hex')) + 4;
    const der = Buffer.from(good);
    der.fill(0xff, at, at + 32);
    assert.match(reasonOf(der), /not a point of its curve|does not verify/);
  });
});
