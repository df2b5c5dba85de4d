import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { fetchX509Svids } from '../../../src/cli/svid/workload-client.ts';
import { adminAsk, adminGet } from '../../support/admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type Postgres, startPostgres, startStandby } from '../../support/postgres.ts';
import { gatehouseCommand, gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const productpage = 'spiffe://cluster.local/ns/default/sa/productpage';
const KEK = randomBytes(32).toString('base64');

interface Authorities {
  readonly sequence: number;
  readonly x509Authorities: readonly { readonly id: string; readonly slot: string }[];
}
interface Ledger {
  readonly rows: readonly { readonly serial: string }[];
}

async function replicaDir(url: string, more: Record<string, unknown> = {}, kek = KEK): Promise<GatehouseDir> {
  const dir = await gatehouseDir({
    listen: usualListeners,
    store: url,
    authority: { keyEncryptionKeyFile: './kek' },
    extAuthz: { workers: 1 },
    entries: [
      { spiffeId: 'spiffe://cluster.local/ns/default/sa/details', selectors: [`unix:uid:${process.geteuid?.()}`] },
      { spiffeId: productpage, selectors: ['unix:user:nobody'] },
    ],
    ...more,
  });
  await writeFile(dir.at('kek'), kek);
  return dir;
}

/** Serial numbers of what a caller was given, newest last. */
async function fetchSerial(server: RunningGatehouse): Promise<string> {
  const { X509Certificate } = await import('node:crypto');
  for await (const { svids } of fetchX509Svids(server.ready.workloadApi, AbortSignal.timeout(60_000))) {
    return new X509Certificate(svids[0]!.x509Svid).serialNumber.toLowerCase();
  }
  throw new Error('no SVID came');
}

async function certificateOf(server: RunningGatehouse): Promise<string> {
  const { X509Certificate } = await import('node:crypto');
  for await (const { svids } of fetchX509Svids(server.ready.workloadApi, AbortSignal.timeout(60_000))) {
    return new X509Certificate(svids[0]!.x509Svid).toString();
  }
  throw new Error('no SVID came');
}

async function reasonAt(server: RunningGatehouse): Promise<string> {
  using client = checkClient(server.ready.extAuthz);
  const answer = await client.ask(question('GET'));
  return 'reason' in answer ? answer.reason : answer.details;
}

const readyz = async (server: RunningGatehouse) => {
  const response = await fetch(`http://${server.ready.health}/readyz`);
  return { status: response.status, text: await response.text() };
};
const isWell = ({ status, text }: { status: number; text: string }): boolean =>
  status === 200 && text.includes('"degraded":[]');
const authoritiesOf = (dir: GatehouseDir) => adminGet<Authorities>(dir, '/v1/authorities');

/** Fetches identities without a pause, two at a time; what fails is tried again. */
function startFetching(server: RunningGatehouse): { readonly left: readonly string[]; stop(): Promise<void> } {
  let running = true;
  const left: string[] = [];
  const loop = async (): Promise<void> => {
    while (running) {
      await fetchSerial(server).then(
        (serial) => left.push(serial),
        () => new Promise((resolve) => setImmediate(resolve)),
      );
    }
  };
  const loops = [loop(), loop()];
  return {
    left,
    async stop() {
      running = false;
      await Promise.all(loops);
    },
  };
}

describe('replicas of the authority on PostgreSQL', function () {
  this.timeout(300_000);
  let database: Postgres;
  before(async () => {
    database = await startPostgres();
  });
  after(() => database?.[Symbol.asyncDispose]());
  // Each test has a database of its own in the same server.
  let number = 0;
  const freshUrl = async (): Promise<string> => {
    number += 1;
    await database.query(`CREATE DATABASE gatehouse${number}`);
    return database.url.replace(/\/postgres$/, `/gatehouse${number}`);
  };

  it('are one authority: what one does, the others show, and all of them sign', async () => {
    const url = await freshUrl();
    await using a = await replicaDir(url);
    await using b = await replicaDir(url);
    const [first, second] = await Promise.all([runGatehouse(a.config), runGatehouse(b.config)]);
    await using one = first;
    await using other = second;
    const ids = async (dir: GatehouseDir) => (await authoritiesOf(dir)).x509Authorities.map(({ id }) => id);
    assert.deepEqual(await ids(a), await ids(b), 'started together, they made one');
    const serials = await Promise.all([fetchSerial(one), fetchSerial(other)]);
    for (const dir of [a, b]) {
      const { rows } = await adminGet<Ledger>(dir, '/v1/ledger?limit=100');
      for (const serial of serials) assert.ok(rows.some((row) => row.serial === serial));
    }
    await gatehouseJson('ca', 'prepare', '--config', a.config);
    await eventually('the other publishes it', async () => ((await ids(b)).length === 2 ? true : undefined));
    await gatehouseJson('ca', 'activate', '--override', '--reason', 'test', '--config', b.config);
    const slotsOf = async (dir: GatehouseDir) =>
      (await authoritiesOf(dir)).x509Authorities.map(({ slot }) => slot).join();
    await eventually('both say the same', async () => ((await slotsOf(a)) === 'old,active' ? true : undefined));
    await gatehouseJson('ca', 'taint', '--override', '--reason', 'test', '--config', a.config);
    await eventually('the taint is there', async () => ((await slotsOf(b)) === 'tainted,active' ? true : undefined));
    const { inForce, replicas } = (await gatehouseJson(
      'svid',
      'revoke',
      '--id',
      productpage,
      '--config',
      a.config,
    )) as {
      inForce: boolean;
      replicas: { name: string; deciders: number; inForce: boolean }[];
    };
    assert.equal(inForce, true);
    assert.deepEqual(
      replicas.map((each) => [each.name.endsWith(`pid ${other.pid}`), each.deciders > 0, each.inForce]),
      [[true, true, true]],
    );
    assert.equal(await reasonAt(other), 'revoked', 'at once: it has been waited for');
  });

  it('are waited for by a revocation, and named when they do not confirm, until they count as gone', async () => {
    const url = await freshUrl();
    await using a = await replicaDir(url);
    await using b = await replicaDir(url);
    await using one = await runGatehouse(a.config);
    const other = await runGatehouse(b.config);
    assert.ok(one.ready);
    process.kill(other.pid, 'SIGSTOP');
    const command = gatehouseCommand('svid', 'revoke', '--id', productpage, '--config', a.config);
    {
      await using silent = startChild(...command);
      assert.equal(await silent.ended, 1);
      assert.match(silent.stdout(), /in force on every decider of this server/);
      assert.match(silent.stdout(), new RegExp(`replica .* pid ${other.pid} has not said within two seconds`));
    }
    process.kill(other.pid, 'SIGCONT');
    await eventually('the other refuses', async () => ((await reasonAt(other)) === 'revoked' ? true : undefined));
    await other[Symbol.asyncDispose]();
    await using alone = startChild(...command);
    assert.equal(await alone.ended, 0, 'who has ended is not waited for');
    assert.match(alone.stdout(), /in force on every decider \(/);
  });

  it('know of each other which deciders have seen certificates: a serial is refused where one has not', async () => {
    const url = await freshUrl();
    await using a = await replicaDir(url);
    await using b = await replicaDir(url);
    await using one = await runGatehouse(a.config);
    await using other = await runGatehouse(b.config);
    const serial = await fetchSerial(one);
    const pem = await certificateOf(one);
    const show = async (server: RunningGatehouse): Promise<void> => {
      using client = checkClient(server.ready.extAuthz);
      const { attributes } = question('GET');
      const source = { ...attributes.source, certificate: encodeURIComponent(pem) };
      // Each decider must see one.
      for (let count = 0; count < 20; count += 1) await client.ask({ attributes: { ...attributes, source } });
    };
    const revoke = () => adminAsk(a, 'POST', '/v1/revocations', { kind: 'serial', value: serial, reason: 'test' });
    await show(one);
    const refused = await revoke();
    assert.equal(refused.status, 409);
    assert.match(JSON.stringify(refused), /certificates_not_seen.*1 of 2 deciders/);
    await show(other);
    await eventually('it is done', async () => ((await revoke()).status === 200 ? true : undefined));
  });

  it('race every verb over their admin APIs: one is done, the other told why not', async () => {
    const url = await freshUrl();
    await using a = await replicaDir(url);
    await using one = await runGatehouse(a.config);
    await using b = await replicaDir(url);
    await using other = await runGatehouse(b.config);
    assert.ok(one.ready && other.ready);
    for (let round = 0; round < 2; round += 1) {
      for (const verb of ['prepare', 'activate', 'taint', 'revoke']) {
        const order = { reason: 'race', ...(verb !== 'prepare' && { override: true }) };
        const answers = await Promise.all([a, b].map((dir) => adminAsk(dir, 'POST', `/v1/authorities/${verb}`, order)));
        assert.deepEqual(
          answers.map(({ status }) => String(status)).sort(),
          ['200', '409'],
          `${verb}: ${JSON.stringify(answers)}`,
        );
        const actives = (await authoritiesOf(a)).x509Authorities.filter(({ slot }) => slot === 'active');
        assert.equal(actives.length, 1);
      }
    }
    const order = { kind: 'id', value: productpage, reason: 'race' };
    for (const [path, body] of [
      ['/v1/revocations', order],
      ['/v1/join-tokens', {}],
    ] as const) {
      const answers = await Promise.all([a, b].map((dir) => adminAsk(dir, 'POST', path, body)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
        `${path}: ${JSON.stringify(answers)}`,
      );
    }
    for (const server of [one, other]) {
      await eventually('both refuse', async () => ((await reasonAt(server)) === 'revoked' ? true : undefined));
    }
    const { rows } = await adminGet<{ rows: { verb: string; result: string }[] }>(b, '/v1/audit?limit=100');
    for (const verb of ['ca taint', 'svid revoke', 'join-token create'])
      assert.equal(rows.filter((row) => row.verb === verb && row.result === 'done').length, 2, verb);
  });

  it('lose nothing when one is killed: the other has its ledger, and goes on', async () => {
    const url = await freshUrl();
    await using a = await replicaDir(url);
    await using b = await replicaDir(url);
    await using other = await runGatehouse(b.config);
    const one = await runGatehouse(a.config);
    const left: string[] = [];
    const loop = async (): Promise<void> => {
      for (;;) {
        try {
          left.push(await fetchSerial(one));
        } catch {
          return; // killed
        }
      }
    };
    const loops = [loop(), loop(), loop()];
    await eventually('some have left', () => (left.length > 20 ? true : undefined));
    await one.stop('SIGKILL');
    await Promise.all(loops);
    const { rows } = await adminGet<Ledger>(b, '/v1/ledger?limit=10000');
    const kept = new Set(rows.map(({ serial }) => serial));
    for (const serial of left) assert.ok(kept.has(serial), serial);
    assert.ok(kept.has(await fetchSerial(other)) === false);
    await using again = await runGatehouse(a.config);
    assert.ok(await fetchSerial(again));
  });

  for (const [how, away, back] of [
    ['is killed and started again', 'kill', 'start'],
    ['is frozen and thaws', 'pause', 'resume'],
  ] as const) {
    it(`go on when the database ${how} under load`, async () => {
      const url = await freshUrl();
      await using a = await replicaDir(url);
      await using server = await runGatehouse(a.config);
      const fetching = startFetching(server);
      const { left } = fetching;
      await eventually('some have left', () => (left.length > 10 ? true : undefined));
      await database[away]();
      const page = await eventually(
        'it says so',
        async () => {
          const found = await readyz(server);
          return found.text.includes('authority: ') ? found : undefined;
        },
        60_000,
      );
      assert.equal(page.status, 200, 'it decides on');
      assert.match(page.text, /"degraded":\["authority: the (PostgreSQL )?store /);
      assert.equal(await reasonAt(server), 'rule_allowed', 'Checks need no database');
      await database[back]();
      await eventually('it is well', async () => (isWell(await readyz(server)) ? true : undefined), 60_000);
      const before = left.length;
      await eventually('it issues', () => (left.length > before + 5 ? true : undefined));
      await fetching.stop();
      // A connection of the pool that has not been used since the outage says so once.
      const rows = await eventually(
        'the ledger can be read',
        async () => (await adminGet<Partial<Ledger>>(a, '/v1/ledger?limit=10000')).rows,
      );
      const kept = new Set(rows.map(({ serial }) => serial));
      for (const serial of left) assert.ok(kept.has(serial), serial);
    });
  }

  it('go on with the standby when the database fails over under load, and lose nothing', async () => {
    await using primary = await startPostgres();
    await using standby = await startStandby(primary);
    const at = (url: string) => new URL(url).host;
    await using dir = await replicaDir(`postgres://gatehouse@${at(primary.url)},${at(standby.url)}/postgres`);
    await using server = await runGatehouse(dir.config);
    const before = await authoritiesOf(dir);
    const fetching = startFetching(server);
    const { left } = fetching;
    await eventually('some have left', () => (left.length > 10 ? true : undefined));
    await primary.kill();
    await eventually('it says so', async () => (isWell(await readyz(server)) ? undefined : true), 60_000);
    await standby.promote();
    await eventually('it is well', async () => (isWell(await readyz(server)) ? true : undefined), 60_000);
    const count = left.length;
    await eventually('it issues', () => (left.length > count + 5 ? true : undefined));
    await fetching.stop();
    const kept = new Set((await adminGet<Ledger>(dir, '/v1/ledger?limit=10000')).rows.map(({ serial }) => serial));
    for (const serial of left) assert.ok(kept.has(serial), serial);
    assert.deepEqual(
      (await authoritiesOf(dir)).x509Authorities.map(({ id }) => id),
      before.x509Authorities.map(({ id }) => id),
    );
  });

  it('refuse another key-encryption key, and a database that is away, with one clear error', async () => {
    const url = await freshUrl();
    await using a = await replicaDir(url);
    await using one = await runGatehouse(a.config);
    assert.ok(one.ready);
    const cases = [
      {
        dir: await replicaDir(url, {}, randomBytes(32).toString('base64')),
        says: /keyEncryptionKeyFile holds another key/,
      },
      { dir: await replicaDir('postgres://gatehouse@127.0.0.1:1/postgres'), says: /the PostgreSQL store fails: / },
    ];
    for (const { dir, says } of cases) {
      await using _ = dir;
      await using child = startChild(...gatehouseCommand('serve', '--config', dir.config, '--ready-timeout', '15s'));
      assert.equal(await child.ended, 2);
      assert.match(child.stderr(), says);
      assert.equal(child.stdout(), '');
    }
  });

  it('are followed by a decider, which goes to the next when one is killed and forgets no revocation', async () => {
    const url = await freshUrl();
    const feed = { listen: { ...usualListeners, feed: '127.0.0.1:0' } };
    await using a = await replicaDir(url, feed);
    await using b = await replicaDir(url, feed);
    await using one = await runGatehouse(a.config);
    await using other = await runGatehouse(b.config);
    const feedOf = ({ ready }: RunningGatehouse) => (ready as unknown as { feed: string }).feed; // an authority that has one
    await using dir = await gatehouseDir();
    await gatehouseJson('join-token', 'create', '--config', b.config, '--write', dir.at('join.json'));
    await dir.configure({
      roles: ['decider'],
      listen: usualListeners,
      authorityAddress: `${feedOf(one)},${feedOf(other)}`,
      feed: { joinFile: './join.json', maxAge: '5s' },
    });
    await using decider = await runGatehouse(dir.config);
    const follows = async (authority: GatehouseDir, revocationSequence: number) => {
      const { followers } = await adminGet<{ followers: { revocationSequence: number }[] }>(authority, '/v1/status');
      return followers.some((each) => each.revocationSequence >= revocationSequence) ? true : undefined;
    };
    const [killed, left] = (await eventually('it follows one of them', async () => {
      if (await follows(a, 0)) return [one, b] as const;
      return (await follows(b, 0)) && ([other, a] as const);
    })) as readonly [RunningGatehouse, GatehouseDir];
    await gatehouseJson('svid', 'revoke', '--id', productpage, '--config', left.config);
    await eventually('it refuses', async () => ((await reasonAt(decider)) === 'revoked' ? true : undefined));
    await killed.stop('SIGKILL');
    assert.equal(await reasonAt(decider), 'revoked');
    await eventually('it follows the other', () => follows(left, 1));
    assert.equal(await reasonAt(decider), 'revoked');
    await eventually('it is ready', async () => ((await readyz(decider)).status === 200 ? true : undefined));
  });
});
