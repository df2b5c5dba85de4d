import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { status } from '@grpc/grpc-js';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { askIstioCa as ask, boastfulCsr as csrOf } from '../../support/istio-ca-client.ts';
import { openssl } from '../../support/openssl.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';
import { svidOf } from '../../support/svid-of.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
const workload = (name: string) => ({
  namespace: 'default',
  serviceAccount: name,
  socket: { path: `./run/${name}.sock` },
});
const configOf = (names: readonly string[]) => ({
  listen: { ...usualListeners, istioCa: '127.0.0.1:0' },
  workloads: names.map(workload),
});

describe("Istio's CA API", function () {
  this.timeout(300_000);

  it('certifies another key for who the caller is, whatever its request says: leaf first, roots last', async () => {
    await using dir = await gatehouseDir(configOf(['details']));
    await using server = await runGatehouse(dir.config);
    const own = await svidOf(dir.at('run/details.sock'));
    const answer = await ask(server, own, { csr: await csrOf(dir), validityDuration: 120n });
    assert.ok('chain' in answer, JSON.stringify(answer));
    assert.equal(answer.chain.length, 2);
    const [leaf = '', roots = ''] = answer.chain;
    const certificate = new X509Certificate(leaf);
    assert.equal(certificate.subjectAltName, `URI:${details}`);
    assert.equal(certificate.subject, undefined);
    const lifeMs = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    assert.ok(lifeMs <= 131_000 && lifeMs >= 120_000, `${lifeMs} ms`);
    await writeFile(dir.at('leaf.pem'), leaf);
    await writeFile(dir.at('roots.pem'), roots);
    const verified = openssl(['verify', '-x509_strict', '-CAfile', dir.at('roots.pem'), dir.at('leaf.pem')]);
    assert.ok(verified.ok, verified.text);
    const ofLeaf = openssl(['x509', '-in', dir.at('leaf.pem'), '-noout', '-pubkey']).text;
    assert.equal(ofLeaf, openssl(['pkey', '-in', dir.at('new.key'), '-pubout']).text);
    const again = await ask(
      server,
      { ...own, cert: leaf, key: await readFile(dir.at('new.key'), 'utf8') },
      {
        csr: await csrOf(dir),
        validityDuration: 10_000_000n,
      },
    );
    assert.ok('chain' in again, 'the new one renews, too');
    const { validTo } = new X509Certificate(again.chain[0] ?? '');
    assert.ok(Date.parse(validTo) < Date.now() + 3_601_000, 'and never longer than its entry allows');
  });

  it('gives nothing to whoever proves nothing, asks for another, or is in no entry any more; and reads the request', async () => {
    await using dir = await gatehouseDir(configOf(['details', 'reviews']));
    await using server = await runGatehouse(dir.config);
    const own = await svidOf(dir.at('run/details.sock'));
    const csr = await csrOf(dir);
    const anonymous = await ask(server, { ca: own.ca }, { csr });
    assert.deepEqual(anonymous, { code: status.UNAUTHENTICATED, text: 'request authenticate failure' });
    const other = { ImpersonatedIdentity: 'spiffe://cluster.local/ns/default/sa/reviews' };
    assert.deepEqual(await ask(server, own, { csr, metadata: other }), {
      code: status.UNAUTHENTICATED,
      text: 'request authenticate failure',
    });
    const broken = await ask(server, own, { csr: 'no request' });
    assert.deepEqual(broken, {
      code: status.INVALID_ARGUMENT,
      text: 'the certificate request is not valid: there is no PEM block CERTIFICATE REQUEST or NEW CERTIFICATE REQUEST',
    });
    assert.ok('chain' in (await ask(server, own, { csr, metadata: { CertSigner: '' } })));
    await dir.configure(configOf(['reviews']));
    process.kill(server.pid, 'SIGHUP');
    await eventually('it is refused', async () => {
      const answer = await ask(server, own, { csr });
      return 'code' in answer && answer.code === status.PERMISSION_DENIED ? true : undefined;
    });
  });
});
