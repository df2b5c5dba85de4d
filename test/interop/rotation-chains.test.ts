import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { gatehouseJson, runGatehouse } from '../support/run-gatehouse.ts';
import { makeCa } from '../support/upstream-ca.ts';

const entries = [
  { spiffeId: 'spiffe://cluster.local/ns/default/sa/a', selectors: [`unix:uid:${process.geteuid?.()}`] },
];
const steps = [
  ['prepare'],
  ['activate', '--override', '--reason', 'test'],
  ['taint', '--override', '--reason', 'test'],
];

describe('chains that a rotation makes, by GnuTLS', function () {
  this.timeout(60_000);

  for (const { name, authority } of [
    { name: 'under our own roots', authority: {} },
    {
      name: 'under an upstream CA',
      authority: { upstream: { cert: './ca/middle.crt', key: './ca/middle.key', ca: './ca/root.crt' } },
    },
  ]) {
    it(`verify at every step, ${name}`, async () => {
      await using dir = await gatehouseDir();
      await makeCa(dir, 'root');
      await makeCa(dir, 'middle', 'root');
      await dir.configure({ listen: usualListeners, entries, authority });
      await using server = await runGatehouse(dir.config);
      for (const step of [undefined, ...steps]) {
        if (step) await gatehouseJson('ca', ...step, '--admin', server.ready.admin);
        await gatehouseJson('svid', 'fetch', '--write', dir.at('svid'), '--socket', server.ready.workloadApi);
        const files = ['--load-ca-certificate', dir.at('svid/bundle.pem'), '--infile', dir.at('svid/svid.pem')];
        const judged = spawnSync('certtool', ['--verify', ...files], { encoding: 'utf8' });
        assert.equal(judged.status, 0, `certtool (package gnutls-bin): ${judged.error ?? ''}${judged.stderr}`);
        assert.match(judged.stdout, /Chain verification output: Verified/, String(step));
      }
    });
  }
});
