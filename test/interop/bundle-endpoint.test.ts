import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../support/child.ts';
import { commandLineOf } from '../support/command-of.ts';
import { gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';
import { cache, here, run } from './clients.ts';

const client = join(cache, 'go-federation');

async function fetched(...args: readonly string[]): Promise<string> {
  await using child = startChild(client, args);
  await child.ended;
  return child.stdout().trim();
}

describe('the bundle endpoint, asked by go-spiffe', function () {
  this.timeout(600_000);
  before(function () {
    this.timeout(1_200_000);
    mkdirSync(cache, { recursive: true });
    run('go', ['build', '-o', client, './federation'], join(here, 'go'));
  });

  it('gives what it holds under https_spiffe to who has the bundle, also after a rotation has begun, and to nobody who expects another', async () => {
    await using dir = await gatehouseDir({
      authority: { refreshHint: '1m' },
      entries: [
        { spiffeId: 'spiffe://cluster.local/ns/default/sa/a', selectors: [`unix:uid:${process.geteuid?.() ?? -1}`] },
      ],
      tls: { dnsNames: ['localhost'] },
      listen: { ...usualListeners, bundle: '127.0.0.1:0' },
    });
    await using server = await runGatehouse(dir.config);
    const ask = commandLineOf(dir.config);
    const url = `https://localhost:${server.ready.bundle?.split(':').at(-1)}/`;
    writeFileSync(dir.at('known.json'), (await ask('bundle', 'show', '--format', 'jwks')).out);
    writeFileSync(dir.at('roots.pem'), (await ask('bundle', 'show', '--format', 'pem')).out);
    const authority = 'spiffe://cluster.local/gatehouse/authority';
    assert.match(await fetched(url, 'cluster.local', dir.at('known.json'), authority), /^\d+ 1 1 60$/);
    assert.match(await fetched(url, 'cluster.local', 'web', dir.at('roots.pem')), /^\d+ 1 1 60$/);
    assert.match(await fetched(url, 'cluster.local', dir.at('known.json'), `${authority}2`), /^FAIL .*unexpected ID/);
    assert.equal((await ask('ca', 'prepare')).code, 0);
    assert.match(await fetched(url, 'cluster.local', dir.at('known.json'), authority), /^\d+ 2 1 60$/);
  });
});
