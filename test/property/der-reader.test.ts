import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GatehouseError } from '../../src/errors.ts';
import { readCertificate } from '../../src/identity/pki/certificate.ts';
import { readCsr } from '../../src/identity/pki/csr.ts';
import { positiveInteger, time } from '../../src/identity/pki/der.ts';
import { DerReader, readTime, readUnsigned } from '../../src/identity/pki/der-reader.ts';
import { fromPem, toPem } from '../../src/identity/pki/pem.ts';
import { newEcKey, openssl } from '../support/openssl.ts';

const made = (args: string[]): Buffer => {
  const key = [...newEcKey, '-keyout', '/dev/null', '-subj', '/CN=x'];
  const run = openssl(['req', ...args, ...key, '-outform', 'DER']);
  assert.ok(run.ok, run.text);
  return run.stdout;
};

/** Bytes, and real ones with a few changed, removed or doubled. */
const hostile = (real: Buffer): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(fc.tuple(fc.nat(real.length - 1), fc.nat(255), fc.constantFrom('set', 'drop', 'double')), {
        minLength: 1,
        maxLength: 6,
      })
      .map((edits) => {
        let der = Buffer.from(real);
        for (const [at, value, edit] of edits) {
          const head = der.subarray(0, at);
          if (edit === 'set') der[at] = value;
          else if (edit === 'drop') der = Buffer.concat([head, der.subarray(at + 1)]);
          else der = Buffer.concat([head, der.subarray(Math.max(0, at - 20))]);
        }
        return der;
      }),
  );

const onlyOurs = (read: () => unknown): void => {
  try {
    read();
  } catch (thrown) {
    assert.ok(thrown instanceof GatehouseError, String(thrown instanceof Error ? thrown.stack : thrown));
  }
};

describe('parsers of certificates and requests', () => {
  const certificate = made(['-x509', '-addext', 'subjectAltName=URI:spiffe://a/b,DNS:c']);
  const request = made(['-new']);

  it('readCertificate throws nothing but our error', () => {
    fc.assert(
      fc.property(hostile(certificate), (der) => onlyOurs(() => readCertificate(der))),
      { numRuns: 5000 },
    );
  });

  it('readCsr throws nothing but our error', () => {
    fc.assert(
      fc.property(hostile(request), (der) => onlyOurs(() => readCsr(der))),
      { numRuns: 3000 },
    );
  });

  it('a request with any changed byte is refused or proves the same key', () => {
    const { spki } = readCsr(request);
    fc.assert(
      fc.property(fc.nat(request.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(request);
        changed[at] = (changed[at] ?? 0) ^ mask;
        onlyOurs(() => assert.equal(Buffer.compare(readCsr(changed).spki, spki), 0));
      }),
      { numRuns: 1500 },
    );
  });

  it('times and integers are read as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(9999, 11) }), (at) => {
        assert.equal(readTime(new DerReader(time(at))), Math.floor(at / 1000) * 1000);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 160n }), (value) => {
        const hex = value.toString(16);
        const even = hex.length % 2 === 0 ? hex : `0${hex}`;
        assert.equal(readUnsigned(new DerReader(positiveInteger(Buffer.from(even, 'hex')))), even);
      }),
    );
  });

  it('PEM comes back as it went', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1 }), { minLength: 1, maxLength: 3 }), (ders) => {
        const text = ders.map((der) => toPem('CERTIFICATE', der)).join('between\n');
        assert.deepEqual(
          fromPem('CERTIFICATE', text).map((der) => [...der]),
          ders.map((der) => [...der]),
        );
      }),
    );
  });
});
