import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { commandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import { makeRoot } from '../../support/own-authority.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const CALLER = 'spiffe://cluster.local/ns/default/sa/productpage';

/** A certificate of productpage by an authority that is not ours. */
function strangersCertificate(dir: GatehouseDir): string {
  makeRoot(dir.path, 'evil', 'cluster.local');
  const made = openssl([
    ...['req', '-x509', ...newEcKey, '-days', '1'],
    ...['-subj', '/CN=evil', '-CA', dir.at('evil.pem'), '-CAkey', dir.at('evil.key'), '-keyout', dir.at('e.key')],
    ...['-addext', `subjectAltName=URI:${CALLER}`, '-addext', 'basicConstraints=CA:false', '-out', dir.at('e.pem')],
  ]);
  assert.ok(made.ok, made.text);
  return readFileSync(dir.at('e.pem'), 'utf8');
}

const connect = (address: string, ...more: string[]) =>
  openssl(['s_client', '-connect', address, '-alpn', 'h2', ...more]);

/** What the tested one has, besides the server. */
interface Scene {
  readonly dir: GatehouseDir;
  readonly server: RunningGatehouse;
}

interface Sign {
  readonly name: string;
  /** Makes it once; `as` names the files of key and certificate that are shown. */
  readonly make: (scene: Scene, as: string) => unknown;
}

/** Where the certificate that is shown decides who complains. */
const signs: readonly Sign[] = [
  {
    name: 'handshakes of peers whose certificate we do not trust, where anybody may come',
    make: ({ dir, server }, as) =>
      connect(server.ready.feed!, '-cert', dir.at(`${as}.pem`), '-key', dir.at(`${as}.key`)),
  },
  {
    name: 'handshakes of peers whose certificate we do not trust, where Checks are answered',
    make: ({ dir, server }, as) =>
      connect(server.ready.extAuthz, '-cert', dir.at(`${as}.pem`), '-key', dir.at(`${as}.key`)),
  },
  {
    name: 'Checks that are denied because nobody vouches for the certificate',
    async make({ dir, server }, as) {
      using client = checkClient(`unix:${dir.at('checks.sock')}`);
      const { attributes } = question('GET');
      const certificate = encodeURIComponent(readFileSync(dir.at(`${as}.pem`), 'utf8'));
      const answer = await client.ask({ attributes: { ...attributes, source: { ...attributes.source, certificate } } });
      assert.equal('reason' in answer && answer.reason, 'peer_not_verified');
      assert.ok(server);
    },
  },
];

describe('a taint', function () {
  this.timeout(300_000);

  async function open(differs: object = {}): Promise<AsyncDisposable & Scene> {
    const stack = new AsyncDisposableStack();
    const dir = stack.use(
      await gatehouseDir({
        listen: { extAuthz: { address: '127.0.0.1:0', tls: true }, health: '127.0.0.1:0', feed: '127.0.0.1:0' },
        extAuthz: { verifyPeer: 'enforce' },
        entries: [{ spiffeId: CALLER, selectors: ['unix:uid:0'] }],
        ...differs,
      }),
    );
    strangersCertificate(dir);
    const server = stack.use(await runGatehouse(dir.config));
    return { dir, server, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }
  const isPaused = async (server: RunningGatehouse): Promise<boolean> => {
    const page = await (await fetch(`http://${server.ready.health}/metrics`)).text();
    return /^gatehouse_taint_paused 1$/m.test(page);
  };
  const order = async ({ ready }: RunningGatehouse, ...verbs: readonly string[]): Promise<void> => {
    for (const verb of verbs) {
      const answer = await askAdmin(ready.admin, 'POST', `/v1/authorities/${verb}`, { override: true, reason: 'test' });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    }
  };
  /** An SVID of ours, in `<name>.pem` and `<name>.key`. */
  const fetchSvid = async ({ dir, server }: Scene, name: string): Promise<void> => {
    const { code, err } = await commandLine(
      ...['svid', 'fetch', '--socket', server.ready.workloadApi!, '--write', dir.at('svid')],
    );
    assert.equal(code, 0, err);
    copyFileSync(dir.at('svid/svid.pem'), dir.at(`${name}.pem`));
    copyFileSync(dir.at('svid/key.pem'), dir.at(`${name}.key`));
  };
  const heard = (server: RunningGatehouse, text: RegExp, count: number): Promise<true> =>
    eventually(`${count} times ${text}`, () =>
      server
        .log()
        .split('\n')
        .filter((line) => text.test(line)).length >= count
        ? true
        : undefined,
    );
  const pause = (server: RunningGatehouse): Promise<true> =>
    eventually('the pause', async () => ((await isPaused(server)) ? true : undefined));

  for (const { name, make } of signs) {
    const differs = name.startsWith('Checks')
      ? { listen: { extAuthz: 'unix:checks.sock', health: '127.0.0.1:0' } }
      : {};
    it(`pauses by ${name}, but not by strangers`, async () => {
      await using scene = await open(differs);
      const { server } = scene;
      await fetchSvid(scene, 'witness');
      // What its authority has signed is not trusted any more, which is not its holder's doing.
      await order(server, 'prepare', 'activate', 'taint', 'revoke', 'prepare', 'activate', 'taint');
      for (let count = 0; count < 5; count += 1) await make(scene, 'e');
      await heard(server, /is not trusted|peer_not_verified/, 5);
      await make(scene, 'witness');
      await heard(server, /is not trusted|peer_not_verified/, 6);
      await order(server, 'prepare'); // with each verb it looks at what it was told
      assert.equal(await isPaused(server), false);
      for (let count = 0; count < 2; count += 1) await make(scene, 'witness');
      await pause(server);
    });
  }

  it('pauses by holders who do not trust our certificate any more, but not by strangers who do not', async () => {
    await using scene = await open();
    const { dir, server } = scene;
    const distrust = () => connect(server.ready.feed!, '-verify_return_error', '-CAfile', dir.at('evil.pem'));
    await order(server, 'prepare', 'activate', 'taint');
    for (let count = 0; count < 5; count += 1) distrust();
    await heard(server, /alert unknown ca/i, 5);
    await order(server, 'prepare'); // with each verb it looks at what it was told
    assert.equal(await isPaused(server), false);
    await fetchSvid(scene, 'witness');
    connect(server.ready.feed!, '-cert', dir.at('witness.pem'), '-key', dir.at('witness.key'));
    for (let count = 0; count < 3; count += 1) distrust();
    await pause(server);
  });

  it('does not pause by who was revoked', async () => {
    await using scene = await open();
    const { dir, server } = scene;
    await fetchSvid(scene, 'thief');
    const revoked = await askAdmin(server.ready.admin, 'POST', '/v1/revocations', {
      kind: 'id',
      value: CALLER,
      reason: 'x',
    });
    assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
    await order(server, 'prepare', 'activate', 'taint', 'revoke', 'prepare', 'activate', 'taint');
    for (let count = 0; count < 5; count += 1)
      connect(server.ready.feed!, '-cert', dir.at('thief.pem'), '-key', dir.at('thief.key'));
    await heard(server, /is not trusted/, 5);
    await order(server, 'prepare'); // with each verb it looks at what it was told
    assert.equal(await isPaused(server), false);
  });
});
