import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { askHttp } from '../../support/ask-http.ts';
import { startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing } from '../../support/gatehouse-dir.ts';
import { startGuardedServer } from '../../support/guarded-server.ts';
import { openssl } from '../../support/openssl.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Until the elder root ends; it must still hold when Envoy has started. */
const LEFT_SECONDS = 90;

interface Certs {
  readonly certificates: readonly { readonly ca_cert?: readonly { readonly serial_number: string }[] }[];
}

describe('a real Envoy under an upstream root that was renewed with its name and key', function () {
  this.timeout(300_000);

  it('takes peers while both certificates of it hold, and goes on when the elder has expired', async () => {
    await using app = await startHttpEcho();
    await using dir = await tempDir();
    makeCertificate(dir, { name: 'elder', key: 'top', fromDays: -9, untilDays: LEFT_SECONDS / 86_400, isRsa: true });
    makeCertificate(dir, { name: 'renewed', key: 'top' });
    makeCertificate(dir, { name: 'lower', issuer: 'elder' });
    const roots = dir.at('roots.pem');
    await writeFile(
      roots,
      (await readFile(dir.at('elder.pem'), 'utf8')) + (await readFile(dir.at('renewed.pem'), 'utf8')),
    );
    await using server = await startGuardedServer({
      upstreamPort: app.port,
      policies: { 'details.yaml': allowing('GET').replace('sa/productpage', 'sa/bookinfo-productpage') },
      config: {
        authority: { upstream: { cert: dir.at('lower.pem'), key: dir.at('lower.key'), ca: roots } },
        extAuthz: { verifyPeer: 'enforce' },
      },
    });
    const serialOf = (name: string): string =>
      openssl(['x509', '-noout', '-serial', '-in', dir.at(`${name}.pem`)])
        .stdout.toString()
        .trim()
        .replace('serial=', '')
        .toLowerCase();
    const heldByEnvoy = async (): Promise<readonly string[]> => {
      const { certificates } = JSON.parse(await server.envoy.adminPage('/certs')) as Certs; // Envoy's admin page
      return certificates.flatMap(({ ca_cert = [] }) => ca_cert.map((each) => each.serial_number));
    };
    const isLetIn = async (): Promise<void> => {
      const identity = await server.identity('productpage');
      const { status, body } = await askHttp({ port: server.port, identity, version: 'http1', path: '/' });
      assert.equal(status, 200, body);
    };
    await isLetIn();
    const isGone = async () => !(await heldByEnvoy()).includes(serialOf('elder')) || undefined;
    await eventually('the elder has left Envoy', isGone, 2 * LEFT_SECONDS * 1000);
    assert.ok((await heldByEnvoy()).includes(serialOf('renewed')));
    const holds = openssl(['x509', '-noout', '-checkend', '0', '-in', dir.at('elder.pem')]);
    assert.equal(holds.ok, false, 'it has expired by now');
    await isLetIn();
  });
});
