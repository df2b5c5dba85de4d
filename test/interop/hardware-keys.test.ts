import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fetchX509Svids } from '../../src/cli/svid/workload-client.ts';
import { CKA } from '../../src/platform/pkcs11/constants.ts';
import { CryptokiError, type Handle } from '../../src/platform/pkcs11/cryptoki.ts';
import { loadModule } from '../../src/platform/pkcs11/load-module.ts';
import { orderOf } from '../support/authority.ts';
import { checkClient, question } from '../support/check-client.ts';
import { startChild } from '../support/child.ts';
import { commandLineOf } from '../support/command-of.ts';
import { eventually } from '../support/eventually.ts';
import { gatehouseDir } from '../support/gatehouse-dir.ts';
import { openssl } from '../support/openssl.ts';
import { startPostgres } from '../support/postgres.ts';
import { projectRoot, type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';
import { type SoftHsm, softHsm, softHsmModule } from '../support/soft-hsm.ts';
import { openTokenAuthority } from '../support/token-authority.ts';

const entries = [
  { spiffeId: 'spiffe://cluster.local/ns/default/sa/details', selectors: [`unix:uid:${process.geteuid?.()}`] },
];
/** Of an authority on the token: private and public. */
const OBJECTS = 2;
/** What every object of ours has that is whole. */
const KEPT = [CKA.LABEL, CKA.ID, CKA.EC_PARAMS];

const fetchSvid = async ({ ready }: RunningGatehouse) => {
  for await (const response of fetchX509Svids(ready.workloadApi, AbortSignal.timeout(60_000))) return response;
  return assert.fail('no answer');
};

async function metric({ ready }: RunningGatehouse, name: string): Promise<string | undefined> {
  const text = await (await fetch(`http://${ready.health}/metrics`)).text();
  return text.split('\n').find((each) => each.startsWith(`${name} `));
}

/** use, slot and place of each authority. */
async function places(ask: ReturnType<typeof commandLineOf>): Promise<string[]> {
  const { out } = await ask('ca', 'status', '--output', 'json');
  const { x509Authorities, jwtAuthorities } = JSON.parse(out) as Record<string, Record<string, string>[]>;
  return [...x509Authorities!, ...jwtAuthorities!].map(({ use, slot, keyPlace }) => `${use} ${slot} ${keyPlace}`);
}

/**
 * How many objects a module shows. One that SoftHSM had begun when it was killed is none, also where it is shown: it has a class alone,
 * neither a name nor a key in it.
 */
function seenBy(module: string, pin: string): number {
  const cryptoki = loadModule(module);
  cryptoki.initialize();
  const slot = cryptoki.slots().find((each) => cryptoki.tokenInfo(each).label === 'gatehouse');
  assert.ok(slot !== undefined);
  const session = cryptoki.openSession(slot);
  cryptoki.login(session, Buffer.from(pin));
  const hasAny = (each: Handle): boolean =>
    KEPT.some((type) => {
      try {
        return cryptoki.attributes(session, each, [type])[0]!.length > 0;
      } catch (thrown) {
        if (thrown instanceof CryptokiError) return false; // not even that
        throw thrown;
      }
    });
  return cryptoki.find(session, []).filter(hasAny).length;
}

/** A directory, a token in it, and a configuration that names it. */
async function world(hsm: SoftHsm, dir: Awaited<ReturnType<typeof gatehouseDir>>, differs: object = {}) {
  const authority = { keyEncryptionKeyFile: dir.at('kek'), keyStore: hsm.keyStore, ...differs };
  await dir.configure({ entries, authority });
}

describe('keys on a PKCS#11 token (SoftHSM 2)', function () {
  this.timeout(300_000);

  it('go there from the disk by a rotation, and what they sign is what OpenSSL takes', async () => {
    await using dir = await gatehouseDir();
    using hsm = softHsm(dir.path);
    await world(hsm, dir, { keyStore: 'disk', jwtKeyType: 'RS256' });
    const ask = commandLineOf(dir.config);
    {
      await using server = await runGatehouse(dir.config);
      assert.deepEqual(await places(ask), ['x509 active disk', 'jwt active disk']);
      assert.equal((await fetchSvid(server)).svids.length, 1);
    }
    await world(hsm, dir, { jwtKeyType: 'RS256' });
    await using server = await runGatehouse(dir.config);
    assert.deepEqual(await places(ask), ['x509 active disk', 'jwt active disk']);
    assert.equal(hsm.objects(), 0);
    const step = async (...words: string[]): Promise<void> => {
      const override = words[0] === 'prepare' ? [] : ['--override'];
      const { code, out, err } = await ask('ca', ...words, ...override, '--reason', 'test');
      assert.equal(code, 0, out + err);
    };
    for (const kind of ['x509', 'jwt']) for (const verb of ['prepare', 'activate']) await step(verb, '--kind', kind);
    assert.deepEqual(await places(ask), [
      ...['x509 old disk', 'x509 active pkcs11:gatehouse', 'jwt old disk', 'jwt active pkcs11:gatehouse'],
    ]);
    const { svids } = await fetchSvid(server);
    writeFileSync(dir.at('leaf.pem'), new X509Certificate(svids[0]!.x509Svid).toString());
    writeFileSync(dir.at('roots.pem'), (await ask('bundle', 'show', '--format', 'pem')).out);
    const judged = openssl(['verify', '-x509_strict', '-CAfile', dir.at('roots.pem'), dir.at('leaf.pem')]);
    assert.ok(judged.ok, judged.text);
    const token = await ask('jwt', 'fetch', '--audience', 'shop');
    assert.equal(token.code, 0, token.err);
    for (const kind of ['x509', 'jwt']) for (const verb of ['taint', 'revoke']) await step(verb, '--kind', kind);
    assert.deepEqual(
      (await places(ask)).filter((each) => each.includes('active') || each.includes('disk')),
      ['x509 active pkcs11:gatehouse', 'jwt active pkcs11:gatehouse'],
    );
    assert.equal(hsm.objects(), 2 * OBJECTS);
    assert.match((await ask('ca', 'log')).out, /ca prepare .*test; key on pkcs11:gatehouse/);
    // A revoked authority's object is gone from the token, not only its reference.
    for (const verb of ['prepare', 'undo']) await step(verb);
    assert.equal(hsm.objects(), 2 * OBJECTS);
  });

  it('are out of reach while the token is away: nothing is issued, Checks go on, and it mends by itself', async () => {
    await using dir = await gatehouseDir();
    using hsm = softHsm(dir.path);
    await world(hsm, dir);
    const ask = commandLineOf(dir.config);
    await using server = await runGatehouse(dir.config);
    await fetchSvid(server);
    assert.equal(await metric(server, 'gatehouse_key_token_up'), 'gatehouse_key_token_up 1');
    hsm.takeAway();
    await eventually('the token is known to be away', async () =>
      (await metric(server, 'gatehouse_key_token_up'))?.endsWith(' 0') ? true : undefined,
    );
    const page = await eventually('it is degraded', async () => {
      const { degraded } = (await (await fetch(`http://${server.ready.health}/readyz`)).json()) as {
        degraded: string[];
      };
      return degraded.some((each) => each.startsWith('authority: ')) ? degraded : undefined;
    });
    assert.ok(
      page.some((each) => each.startsWith('authority: the PKCS#11 token "gatehouse" is away: ')),
      page.join(),
    );
    using client = checkClient(server.ready.extAuthz);
    for (let i = 0; i < 50; i += 1) assert.ok('reason' in (await client.ask(question('GET'))));
    const refused = await ask('ca', 'prepare', '--reason', 'test');
    assert.match(refused.err + refused.out, /is away/);
    assert.notEqual(refused.code, 0);
    hsm.bringBack();
    await eventually('the token is back', async () =>
      (await metric(server, 'gatehouse_key_token_up'))?.endsWith(' 1') ? true : undefined,
    );
    assert.equal((await fetchSvid(server)).svids.length, 1);
    assert.match(server.log(), /the token is back/);
  });

  it('leave nothing behind when their maker is killed at any moment', async () => {
    await using dir = await gatehouseDir();
    using hsm = softHsm(dir.path);
    const dataDir = dir.at('data');
    const { pkcs11 } = hsm.keyStore;
    const args = [join(projectRoot, 'test/support/token-maker.ts'), dataDir, pkcs11.pinFile, softHsmModule];
    let swept = 0;
    for (let i = 0; i < 6; i += 1) {
      await using maker = startChild(process.execPath, ['--disable-warning=ExperimentalWarning', ...args]);
      await Promise.race([
        new Promise<void>((resolve) => maker.onLine(() => resolve())),
        maker.ended.then((how) => assert.fail(`${how}: ${maker.stderr()}`)),
      ]);
      await delay(15 * i); // anywhere in a round
      await maker.stop('SIGKILL');
      await using opened = await openTokenAuthority(dataDir, pkcs11);
      const { x509Authorities, jwtAuthorities } = await opened.authority.status();
      const living = [...x509Authorities, ...jwtAuthorities].filter(({ slot }) => slot !== 'revoked');
      const has = (words: string) => opened.reported.filter(({ message }) => message.includes(words));
      assert.equal(seenBy(softHsmModule, hsm.pin), OBJECTS * living.length);
      const known = has('it was destroyed on the token');
      assert.deepEqual(
        opened.reported.filter((each) => !known.includes(each)),
        [],
      );
      swept += opened.reported.length;
      if (x509Authorities.length > 1) await opened.authority.undo(orderOf('x509', { override: true }));
    }
    assert.ok(globSync(join(dataDir, 'keys', '*.key')).length >= 2, `${swept} were swept`);
  });

  it('need the token and its PIN at start, and no PIN is tried twice', async () => {
    await using dir = await gatehouseDir();
    using hsm = softHsm(dir.path);
    await world(hsm, dir);
    const pin = dir.at('pin');
    const refusal = (): Promise<string> =>
      runGatehouse(dir.config).then(
        async (server) => {
          await server[Symbol.asyncDispose]();
          return 'it started';
        },
        (error: unknown) => String(error),
      );
    writeFileSync(pin, '9999\n');
    assert.match(await refusal(), /the token refuses the PIN \(CKR_PIN_INCORRECT\)/);
    assert.match(await refusal(), /it is not tried again, so that the token is not locked/);
    writeFileSync(pin, `${hsm.pin}\n`);
    {
      await using server = await runGatehouse(dir.config);
      assert.match(server.log(), /ends in a newline, which is no part of the PIN/);
      assert.equal((await fetchSvid(server)).svids.length, 1);
    }
    hsm.takeAway();
    mkdirSync(dir.at('tokens'));
    assert.match(await refusal(), /there is no token with the label "gatehouse"/);
    rmSync(dir.at('tokens'), { recursive: true });
    hsm.bringBack();
    hsm.another('gatehouse');
    assert.match(await refusal(), /two tokens have the label "gatehouse"/);
  });

  it('are used by functions of a module that stays loaded, whatever the collector takes away', async () => {
    loadModule(softHsmModule);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void; // as V8 gives it
    for (let i = 0; i < 5; i += 1) {
      collect();
      await nextTurn();
    }
    assert.ok(readFileSync('/proc/self/maps', 'latin1').includes('libsofthsm2.so'));
  });

  it('sign for every replica of a shared store that has the token, and one without it does not start', async () => {
    await using postgres = await startPostgres();
    await using dir = await gatehouseDir();
    await using other = await gatehouseDir();
    using hsm = softHsm(dir.path);
    const shared = { entries, store: postgres.url, authority: { keyStore: hsm.keyStore } }; // there is no key to encrypt
    for (const each of [dir, other]) await each.configure(shared);
    await using first = await runGatehouse(dir.config);
    await using second = await runGatehouse(other.config);
    const roots = await Promise.all([first, second].map(async (each) => (await fetchSvid(each)).svids[0]!.bundle));
    assert.deepEqual(roots[0], roots[1]);
    assert.equal(hsm.objects(), 2 * OBJECTS);
    await second[Symbol.asyncDispose]();
    const { pkcs11 } = hsm.keyStore;
    const elsewhere = { keyStore: { pkcs11: { ...pkcs11, tokenLabel: 'other' } } };
    await other.configure({ ...shared, authority: elsewhere });
    await assert.rejects(runGatehouse(other.config), /there is no token with the label "other"/);
    hsm.another('other');
    await assert.rejects(runGatehouse(other.config), /refuses the PIN|is on the token "gatehouse"/);
    await other.configure({ ...shared, authority: { keyStore: 'disk', keyEncryptionKeyFile: dir.at('kek') } });
    await assert.rejects(runGatehouse(other.config), /is on the PKCS#11 token "gatehouse": set authority.keyStore/);
    assert.equal((await fetchSvid(first)).svids.length, 1);
  });

  it('are not in a backup, which says so, and restore needs the token', async () => {
    await using dir = await gatehouseDir();
    using hsm = softHsm(dir.path);
    await world(hsm, dir);
    const ask = commandLineOf(dir.config);
    let before: string[];
    {
      await using _server = await runGatehouse(dir.config);
      before = await places(ask);
      const { out } = await ask('backup', dir.at('backup.ghbk'));
      assert.match(out, /keys on the PKCS#11 token gatehouse are not in it/);
    }
    const dataDir = existsSync(dir.at('data')) ? dir.at('data') : dir.at('gatehouse-data');
    renameSync(dataDir, dir.at('lost'));
    hsm.takeAway();
    mkdirSync(dir.at('tokens'));
    const words = ['restore', dir.at('backup.ghbk'), '--from-empty', '--reason', 'disk lost'];
    const refused = await ask(...words);
    assert.equal(refused.code, 1, refused.err);
    assert.match(refused.out, /not restored: .*there is no token with the label "gatehouse"/);
    rmSync(dir.at('tokens'), { recursive: true });
    hsm.bringBack();
    const { code, err } = await ask(...words);
    assert.equal(code, 0, err);
    await using server = await runGatehouse(dir.config);
    assert.deepEqual(await places(ask), before);
    assert.equal((await fetchSvid(server)).svids.length, 1);
  });
});
