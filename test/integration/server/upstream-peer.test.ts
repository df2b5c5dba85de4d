import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import { svidOf } from '../../support/svid-of.ts';

const productpage = 'spiffe://cluster.local/ns/default/sa/productpage';
const enforced = { listen: usualListeners, extAuthz: { verifyPeer: 'enforce' } };

/** An authority under two intermediates and an RSA root, which openssl made. */
async function underUpstream(dir: GatehouseDir): Promise<void> {
  makeCertificate(dir, { name: 'root', isRsa: true });
  makeCertificate(dir, { name: 'upper', issuer: 'root' });
  const chain = makeCertificate(dir, { name: 'lower', issuer: 'upper', isRsa: true });
  await writeFile(dir.at('chain.pem'), chain + (await readFile(dir.at('upper.pem'), 'utf8')));
  await dir.configure({
    ...enforced,
    listen: { ...usualListeners, feed: '127.0.0.1:0' },
    authority: { upstream: { cert: './chain.pem', key: './lower.key', ca: './root.pem' } },
    entries: [{ spiffeId: productpage, selectors: [`unix:uid:${process.geteuid?.()}`] }],
  });
}

/** What is decided of the leaf alone, as Envoy shows it. */
async function reasonOf(server: RunningGatehouse, leafPem: string): Promise<string> {
  using client = checkClient(server.ready.extAuthz);
  const { attributes } = question('GET');
  const source = { principal: productpage, certificate: encodeURIComponent(leafPem) };
  const answer = await client.ask({ attributes: { ...attributes, source } });
  return 'reason' in answer ? answer.reason : answer.details;
}

describe('the certificate of a peer under an upstream CA, with verifyPeer: enforce', function () {
  this.timeout(300_000);

  it('is believed where the authority is, by a decider that follows it, and by that one alone after a restart', async () => {
    await using authority = await gatehouseDir();
    await underUpstream(authority);
    await using first = await runGatehouse(authority.config);
    const { cert } = await svidOf(first.ready.workloadApi.replace('unix:', ''));
    const leaf = cert.slice(0, cert.indexOf('-----END CERTIFICATE-----') + 26);
    assert.equal(await reasonOf(first, leaf), 'rule_allowed');

    await using dir = await gatehouseDir();
    await gatehouseJson('join-token', 'create', '--config', authority.config, '--write', dir.at('join.json'));
    await dir.configure({
      ...enforced,
      roles: ['decider'],
      authorityAddress: first.ready.feed,
      feed: { joinFile: './join.json' },
    });
    const follower = await runGatehouse(dir.config);
    try {
      await eventually(
        'the decider has the bundle',
        async () => (await reasonOf(follower, leaf)) === 'rule_allowed' || undefined,
      );
    } finally {
      await follower.stop();
    }
    await first.stop();
    await using alone = await runGatehouse(dir.config);
    assert.equal(await reasonOf(alone, leaf), 'rule_allowed');
  });
});
