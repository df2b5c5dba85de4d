import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, fetch } from 'undici';
import { commandLineOf } from '../../support/command-of.ts';
import { gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

const HINT_SECONDS = 2;

/** GET of one URL by who knows those roots alone. */
async function get(url: string, ca: string): Promise<{ status: number; type: string | null; body: unknown }> {
  const agent = new Agent({ connect: { ca } });
  try {
    const answer = await fetch(url, { dispatcher: agent });
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.json() };
  } finally {
    await agent.close();
  }
}

describe('the bundle endpoint', function () {
  this.timeout(300_000);

  it('serves the bundle as SPIFFE has it, shows who we are, and makes a rotation wait three refresh hints for fetchers', async () => {
    await using dir = await gatehouseDir({
      authority: { refreshHint: `${HINT_SECONDS}s` },
      entries: [
        { spiffeId: 'spiffe://cluster.local/ns/default/sa/a', selectors: [`unix:uid:${process.geteuid?.() ?? -1}`] },
      ],
      tls: { dnsNames: ['localhost'] },
      listen: { ...usualListeners, bundle: '127.0.0.1:0' },
    });
    await using server = await runGatehouse(dir.config);
    const ask = commandLineOf(dir.config);
    const url = `https://localhost:${server.ready.bundle?.split(':').at(-1)}/`;
    const roots = (await ask('bundle', 'show', '--format', 'pem')).out;
    const shown: unknown = JSON.parse((await ask('bundle', 'show', '--format', 'jwks')).out);
    assert.deepEqual((await get(url, roots)).body, shown);
    assert.equal((shown as { spiffe_refresh_hint: number }).spiffe_refresh_hint, HINT_SECONDS);
    assert.equal((await ask('ca', 'prepare')).code, 0);
    const early = await ask('ca', 'activate');
    assert.equal(early.code, 1);
    assert.match(early.out + early.err, /bundle-endpoint/);
    assert.equal(
      ((await get(url, roots)).body as { keys: unknown[] }).keys.length,
      3,
      'both X.509 authorities and the JWT key',
    );
  });

  it('shows what files hold, for fetchers that know public CAs', async () => {
    await using dir = await gatehouseDir({
      listen: { ...usualListeners, bundle: { address: '127.0.0.1:0', tls: { cert: './web.pem', key: './web.key' } } },
    });
    openssl([
      ...['req', '-x509', ...newEcKey, '-days', '1'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', dir.at('web.key'), '-out', dir.at('web.pem')],
    ]);
    await using server = await runGatehouse(dir.config);
    const url = `https://localhost:${server.ready.bundle?.split(':').at(-1)}/`;
    const { status, type } = await get(url, readFileSync(dir.at('web.pem'), 'utf8'));
    assert.deepEqual([status, type], [200, 'application/json']);
  });

  it('is refused with a certificate that cannot be read, by its place', async () => {
    await using dir = await gatehouseDir({
      listen: { ...usualListeners, bundle: { address: '127.0.0.1:0', tls: { cert: './web.pem', key: './web.key' } } },
    });
    writeFileSync(dir.at('web.pem'), 'nothing');
    writeFileSync(dir.at('web.key'), 'nothing');
    await assert.rejects(runGatehouse(dir.config), /listen\.bundle\.tls/);
  });
});
