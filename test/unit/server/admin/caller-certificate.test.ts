import assert from 'node:assert/strict';
import { encodeRequestForm, readRequestForm } from '../../../../src/analysis/request-form.ts';
import { derivedCaller } from '../../../../src/server/admin/caller-certificate.ts';
import { withIssued } from '../../../../src/server/admin/issued-to-caller.ts';
import { openssl } from '../../../support/openssl.ts';
import { makeCertificate, usualCa } from '../../../support/openssl-ca.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const principal = 'spiffe://cluster.local/ns/shop/sa/web';
const destination = { principal: 'spiffe://cluster.local/ns/shop/sa/orders' };
const requestOf = (source: object): Buffer =>
  Buffer.from(encodeRequestForm(readRequestForm({ source, destination, http: { method: 'GET', path: '/' } })));
const derivation = {
  record: { at: '2026-01-01T00:00:00.000Z', source: { principal } },
} as unknown as Parameters<typeof withIssued>[0]; // nothing else is looked at

describe('derivedCaller', () => {
  it('tells of the certificate what openssl tells', async () => {
    await using dir = await tempDir('caller-');
    makeCertificate(dir, { name: 'root', extensions: usualCa });
    const pem = makeCertificate(dir, {
      ...{ name: 'leaf', issuer: 'root' },
      extensions: `subjectAltName=URI:${principal}\nauthorityKeyIdentifier=keyid\n`,
    });
    const told = derivedCaller({ request: requestOf({ principal, certificate: pem }) })?.certificate;
    const wanted = openssl(
      ['x509', '-noout', '-serial', '-issuer', '-nameopt', 'RFC2253', '-ext', 'authorityKeyIdentifier'],
      pem,
    );
    const [, serial, issuer] = /^serial=(\w+)\s+issuer=(.*)$/m.exec(wanted.text) ?? [];
    const key = /(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/.exec(wanted.text)?.[0].replaceAll(':', '').toLowerCase();
    assert.ok(key, wanted.text);
    assert.deepEqual(
      [told?.serial, told?.issuer, told?.uris, told?.authorityKeyId],
      [serial?.toLowerCase().replace(/^0+/, ''), issuer, [principal], key],
    );
  });

  const absences = [
    { name: 'no mTLS', source: {}, note: /not mTLS/ },
    { name: 'Envoy was not told to send it', source: { principal }, note: /set include_peer_certificate: true/ },
    { name: 'it cannot be read', source: { principal, certificate: 'nonsense' }, note: /cannot be read/ },
    { name: 'an Envoy has decided itself', source: { principal }, reported: true as const, note: /access log/ },
  ];
  for (const { name, source, note, reported } of absences)
    it(`says why there is none: ${name}`, () => {
      const told = derivedCaller({ request: requestOf(source), ...(reported && { reported }) });
      assert.deepEqual([told?.certificate, told?.issued], [null, null]);
      assert.match(told?.note ?? '', note);
    });

  it('says nothing without a request', () => {
    assert.equal(derivedCaller({ request: undefined }), undefined);
    assert.equal(derivedCaller({ request: Buffer.from([0xff, 0xff]) }), undefined);
  });
});

describe('withIssued', () => {
  const caller = { certificate: null, issued: null, note: 'why' };
  const askedOf = (ledger: (query: object) => Promise<readonly object[]>) =>
    withIssued({ ...derivation, caller }, { operations: { authority: { ledger } } } as never); // nothing else is asked
  it('asks what the identity held then', async () => {
    const queries: object[] = [];
    const row = { serial: 'ab', authorityId: 'cd', channel: 'sds', notBeforeAt: 0, notAfterAt: 1_000 };
    const { caller: told } = await askedOf(async (query) => {
      queries.push(query);
      return [row];
    });
    const atMs = Date.parse(derivation.record.at);
    assert.deepEqual(queries, [
      { spiffeId: principal, kind: 'x509', issuedUntil: atMs + 1, unexpiredAt: atMs, limit: 5 },
    ]);
    assert.deepEqual(
      told?.issued?.map(({ serial, authorityId }) => [serial, authorityId]),
      [['ab', 'cd']],
    );
  });

  it('stands without a log that cannot be read, and says so', async () => {
    const { caller: told } = await askedOf(() => Promise.reject(new Error('the disk is gone')));
    assert.deepEqual([told?.issued, told?.note], [null, 'why; the issuance log cannot be read now: the disk is gone']);
  });
});
