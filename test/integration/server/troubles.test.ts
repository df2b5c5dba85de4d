import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { openssl } from '../../support/openssl.ts';
import { makeRoot } from '../../support/own-authority.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const CALLER = 'spiffe://cluster.local/ns/default/sa/productpage';

/** A certificate of productpage by an authority that is not ours. */
function strangersCertificate(dir: GatehouseDir): string {
  makeRoot(dir.path, 'evil', 'cluster.local');
  const made = openssl([
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...['-subj', '/CN=evil', '-CA', dir.at('evil.pem'), '-CAkey', dir.at('evil.key'), '-keyout', dir.at('e.key')],
    ...['-addext', `subjectAltName=URI:${CALLER}`, '-addext', 'basicConstraints=CA:false', '-out', dir.at('e.pem')],
  ]);
  assert.ok(made.ok, made.text);
  return readFileSync(dir.at('e.pem'), 'utf8');
}

const connect = (address: string, ...more: string[]) =>
  openssl(['s_client', '-connect', address, '-alpn', 'h2', ...more]);

interface Sign {
  readonly name: string;
  /** Makes it once. */
  readonly make: (dir: GatehouseDir, server: RunningGatehouse) => unknown;
}

const signs: readonly Sign[] = [
  {
    name: 'handshakes of peers that do not trust our certificate',
    make: (dir, { ready }) => connect(ready.feed!, '-verify_return_error', '-CAfile', dir.at('evil.pem')),
  },
  {
    name: 'handshakes of peers whose certificate we do not trust, where anybody may come',
    make: (dir, { ready }) => connect(ready.feed!, '-cert', dir.at('e.pem'), '-key', dir.at('e.key')),
  },
  {
    name: 'handshakes of peers whose certificate we do not trust, where Checks are answered',
    make: (dir, { ready }) => connect(ready.extAuthz, '-cert', dir.at('e.pem'), '-key', dir.at('e.key')),
  },
];

describe('a taint', function () {
  this.timeout(60_000);

  async function open(listen: object): Promise<{ dir: GatehouseDir; certificate: string }> {
    const dir = await gatehouseDir({ listen, extAuthz: { verifyPeer: 'enforce' } });
    return { dir, certificate: strangersCertificate(dir) };
  }
  const isPaused = async (server: RunningGatehouse): Promise<boolean> => {
    const page = await (await fetch(`http://${server.ready.health}/metrics`)).text();
    return /^gatehouse_taint_paused 1$/m.test(page);
  };
  const taint = async ({ ready }: RunningGatehouse): Promise<void> => {
    for (const verb of ['prepare', 'activate', 'taint']) {
      const answer = await askAdmin(ready.admin, 'POST', `/v1/authorities/${verb}`, { override: true, reason: 'test' });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    }
  };
  const listen = { extAuthz: { address: '127.0.0.1:0', tls: true }, health: '127.0.0.1:0', feed: '127.0.0.1:0' };

  for (const { name, make } of signs) {
    it(`pauses by ${name}`, async () => {
      const { dir } = await open(listen);
      await using _dir = dir;
      await using server = await runGatehouse(dir.config);
      await taint(server);
      for (let count = 0; count < 3; count += 1) make(dir, server);
      await eventually('the pause', async () => ((await isPaused(server)) ? true : undefined));
    });
  }

  it('pauses by Checks that are denied because nobody vouches for the certificate', async () => {
    const { dir, certificate } = await open({ ...listen, extAuthz: '127.0.0.1:0' });
    await using _dir = dir;
    await using server = await runGatehouse(dir.config);
    await taint(server);
    using client = checkClient(server.ready.extAuthz);
    const { attributes } = question('GET');
    const shown = {
      attributes: { ...attributes, source: { ...attributes.source, certificate: encodeURIComponent(certificate) } },
    };
    for (let count = 0; count < 3; count += 1) {
      const answer = await client.ask(shown);
      assert.equal('reason' in answer && answer.reason, 'peer_not_verified');
    }
    await eventually('the pause', async () => ((await isPaused(server)) ? true : undefined));
  });
});
