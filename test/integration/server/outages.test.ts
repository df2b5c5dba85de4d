import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fetchX509Svids } from '../../../src/cli/svid/workload-client.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { healthOfAll } from '../../support/grpc-health.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const GENEROUS_MS = 60_000;
const entries = [
  { spiffeId: 'spiffe://cluster.local/ns/default/sa/details', selectors: [`unix:uid:${process.geteuid?.()}`] },
];

interface Page {
  readonly ready: boolean;
  readonly waiting: Readonly<Record<string, string>>;
  readonly degraded: readonly string[];
}

async function readyz({ ready }: RunningGatehouse): Promise<Page & { readonly status: number }> {
  const response = await fetch(`http://${ready.health}/readyz`);
  return { status: response.status, ...((await response.json()) as Page) }; // our own page
}

async function metric({ ready }: RunningGatehouse, name: string): Promise<number> {
  const text = await (await fetch(`http://${ready.health}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

async function fetchSvid({ ready }: RunningGatehouse): Promise<true> {
  for await (const { svids } of fetchX509Svids(ready.workloadApi, AbortSignal.timeout(GENEROUS_MS))) {
    return svids.length > 0 || assert.fail('no SVID');
  }
  return assert.fail('no answer');
}

async function reasonAt({ ready }: RunningGatehouse): Promise<string> {
  using client = checkClient(ready.extAuthz);
  const answer = await client.ask(question('GET'));
  return 'reason' in answer ? answer.reason : answer.details;
}

const until = <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => eventually(what, ask, GENEROUS_MS);

/** All that monitoring looks at says that identities are away for this reason, and that Checks are not. */
async function onlyIdentitiesAreAway(server: RunningGatehouse, why: RegExp): Promise<void> {
  await until('it is degraded', async () => {
    const page = await readyz(server);
    return page.degraded.some((each) => each.startsWith('authority: ') && why.test(each)) ? true : undefined;
  });
  const { status, ready, waiting } = await readyz(server);
  assert.deepEqual({ status, ready, waiting }, { status: 200, ready: true, waiting: {} });
  for (const target of [server.ready.extAuthz, server.ready.workloadApi])
    assert.equal(await healthOfAll(target), 'SERVING,SERVING,NOT_SERVING,NOT_SERVING', target);
  assert.equal(await metric(server, 'gatehouse_store_up'), 0);
  assert.equal(await metric(server, 'gatehouse_serving{service="SpiffeWorkloadAPI"}'), 0);
  assert.equal(await metric(server, 'gatehouse_serving{service="envoy.service.auth.v3.Authorization"}'), 1);
  assert.equal(await reasonAt(server), 'rule_allowed');
  const errors = server
    .log()
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"/.test(line) && why.test(line));
  assert.ok(errors.length > 0, 'the cause is an error in the log');
}

async function allIsWell(server: RunningGatehouse): Promise<void> {
  await until('it issues', () => fetchSvid(server));
  await until('nothing is degraded', async () => {
    const { degraded } = await readyz(server);
    return degraded.length === 0 ? true : undefined;
  });
  for (const target of [server.ready.extAuthz, server.ready.workloadApi])
    assert.equal(await healthOfAll(target), 'SERVING,SERVING,SERVING,SERVING', target);
  assert.equal(await metric(server, 'gatehouse_store_up'), 1);
}

/** A small file system of its own under `dataDir`. As an ordinary user nobody may mount one: then this fails. */
function smallDisk(dir: GatehouseDir): Disposable & { readonly path: string; remount(options: string): void } {
  const path = dir.at('disk');
  mkdirSync(path, { mode: 0o700 });
  const run = (...args: readonly [string, ...string[]]): void => {
    const ended = spawnSync(args[0], args.slice(1), { encoding: 'utf8' });
    assert.equal(ended.status, 0, ended.stderr || String(ended.error));
  };
  run('mount', '-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'gatehouse-test', path);
  return {
    path,
    remount: (options) => run('mount', '-o', `remount,${options}`, path),
    [Symbol.dispose]: () => run('umount', '-l', path),
  };
}

function fill(path: string): void {
  for (const size of [1024 * 1024, 64 * 1024, 4096]) {
    for (let n = 0; ; n += 1) {
      try {
        writeFileSync(join(path, `ballast-${size}-${n}`), Buffer.alloc(size));
      } catch {
        break; // it is full
      }
    }
  }
  assert.equal(statfsSync(path).bavail, 0);
}

describe('gatehouse serve while its store fails', function () {
  this.timeout(5 * GENEROUS_MS);

  const onDisk = async (): Promise<GatehouseDir & { readonly disk: ReturnType<typeof smallDisk> }> => {
    const dir = await gatehouseDir();
    const disk = smallDisk(dir);
    await dir.configure({
      listen: usualListeners,
      dataDir: disk.path,
      store: `sqlite:${disk.path}/gatehouse.db`,
      entries,
    });
    return {
      ...dir,
      disk,
      async [Symbol.asyncDispose]() {
        disk[Symbol.dispose]();
        await dir[Symbol.asyncDispose]();
      },
    };
  };

  it('says that the disk is full, though nobody asks for an identity, and goes on when there is room', async () => {
    await using dir = await onDisk();
    await using server = await runGatehouse(dir.config);
    await fetchSvid(server);
    fill(dir.disk.path);
    await onlyIdentitiesAreAway(server, /the disk is full; free some space/);
    await assert.rejects(fetchSvid(server));
    dir.disk.remount('size=32m');
    await allIsWell(server);
  });

  it('says that the disk is full at the first identity that is refused for it, and does not call it well in between', async () => {
    await using dir = await onDisk();
    await using server = await runGatehouse(dir.config);
    fill(dir.disk.path);
    await until('one is refused', () =>
      fetchSvid(server).then(
        () => undefined,
        () => true,
      ),
    );
    const { degraded } = await readyz(server);
    assert.match(degraded.join(), /the disk is full/);
    assert.ok((await metric(server, 'gatehouse_svid_failed_total{code="store_unavailable"}')) > 0);
    for (let look = 0; look < 20; look += 1) {
      await fetchSvid(server).catch(() => undefined);
      assert.equal(await metric(server, 'gatehouse_store_up'), 0);
    }
  });

  it('says that the files may not grow: a limit of the process, which is no full disk', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, entries });
    await using server = await runGatehouse(dir.config);
    const limit = (bytes: string): void => {
      const ended = spawnSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`], {
        encoding: 'utf8',
      });
      assert.equal(ended.status, 0, ended.stderr);
    };
    limit('4096');
    await onlyIdentitiesAreAway(server, /the disk refuses/);
    limit('unlimited');
    await allIsWell(server);
  });

  describe('on PostgreSQL', () => {
    let database: Postgres;
    before(async () => {
      database = await startPostgres();
    });
    after(() => database?.[Symbol.asyncDispose]());
    let number = 0;
    const onPostgres = async (more: Readonly<Record<string, unknown>> = {}): Promise<GatehouseDir> => {
      number += 1;
      await database.query(`CREATE ROLE role${number} LOGIN`);
      await database.query(`CREATE DATABASE db${number} OWNER role${number}`);
      const store = `postgres://role${number}@${new URL(database.url).host}/db${number}`;
      const dir = await gatehouseDir({
        listen: usualListeners,
        store,
        authority: { keyEncryptionKeyFile: './kek' },
        entries,
        ...more,
      });
      await writeFile(dir.at('kek'), Buffer.alloc(32, 7).toString('base64'));
      return dir;
    };

    const outages = [
      {
        name: 'is killed',
        begin: () => database.kill(),
        end: () => database.start(),
        why: /the PostgreSQL store fails/,
      },
      {
        name: 'is frozen',
        begin: async () => database.pause(),
        end: async () => database.resume(),
        why: /has not answered for \d s/,
      },
      {
        name: 'may not be written',
        begin: async () => {
          await database.query(`ALTER ROLE role${number} SET default_transaction_read_only = on`);
          await database.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'role${number}'`,
          );
        },
        end: () => database.query(`ALTER ROLE role${number} RESET default_transaction_read_only`),
        why: /is read-only/,
      },
      {
        name: 'takes no connection',
        begin: async () => {
          await database.query(`ALTER DATABASE db${number} CONNECTION LIMIT 0`);
          await database.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'role${number}'`,
          );
        },
        end: () => database.query(`ALTER DATABASE db${number} CONNECTION LIMIT -1`),
        why: /too many connections/,
      },
    ];
    for (const { name, begin, end, why } of outages) {
      it(`is degraded and decides on, and its identities are away, while the database ${name}`, async () => {
        await using dir = await onPostgres();
        await using server = await runGatehouse(dir.config);
        await allIsWell(server);
        await begin();
        try {
          await onlyIdentitiesAreAway(server, why);
        } finally {
          await end();
        }
        await allIsWell(server);
      });
    }

    it('is no reason to leave a decider elsewhere, which the authority still speaks to', async () => {
      await using authority = await onPostgres({ listen: { ...usualListeners, feed: 'unix:./run/feed.sock' } });
      await using first = await runGatehouse(authority.config);
      assert.ok(first.ready);
      await using dir = await gatehouseDir({
        roles: ['decider'],
        listen: usualListeners,
        authorityAddress: `unix:${authority.at('run/feed.sock')}`,
        feed: { maxAge: '1s' },
      });
      await using decider = await runGatehouse(dir.config);
      await database.kill();
      try {
        const { status, degraded } = await until('it is degraded', async () => {
          const page = await readyz(decider);
          return page.degraded.length > 0 ? page : undefined;
        });
        assert.equal(status, 200);
        assert.match(degraded.join(), /^feed: what is known of the authority is \d+ s old: its store is away$/);
        assert.equal(await healthOfAll(decider.ready.extAuthz), 'SERVING,SERVING,code 5,code 5');
        assert.equal(await reasonAt(decider), 'rule_allowed');
        assert.equal(await metric(decider, 'gatehouse_store_up'), 0);
      } finally {
        await database.start();
      }
      await until('it is well', async () => ((await readyz(decider)).degraded.length === 0 ? true : undefined));
    });

    it('is not ready where identities are all that it has to give', async () => {
      await using dir = await onPostgres({ roles: ['authority'] });
      await using server = await runGatehouse(dir.config);
      assert.equal(await healthOfAll(server.ready.workloadApi), 'SERVING,code 5,SERVING,SERVING');
      await database.kill();
      try {
        const page = await until('it is not ready', async () => {
          const found = await readyz(server);
          return found.status === 503 ? found : undefined;
        });
        assert.match(page.waiting['authority'] ?? '', /the PostgreSQL store fails/);
        assert.equal(await healthOfAll(server.ready.workloadApi), 'NOT_SERVING,code 5,NOT_SERVING,NOT_SERVING');
      } finally {
        await database.start();
      }
      await until('it is ready', async () => ((await readyz(server)).status === 200 ? true : undefined));
    });
  });

  it('keeps the services of identities while its deciders are away', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, entries });
    await using server = await runGatehouse(dir.config);
    const [decider] = server.ready.deciderPids;
    process.kill(decider!, 'SIGKILL');
    // It comes again in a moment: what is looked for is an answer of that moment, or that it is over.
    const seen = await until('it was away, or is back', async () => {
      const states = await healthOfAll(server.ready.workloadApi);
      if (states.includes('NOT_SERVING')) return states;
      return server.log().includes('a decider has ended') ? states : undefined;
    });
    assert.ok(['NOT_SERVING,NOT_SERVING,SERVING,SERVING', 'SERVING,SERVING,SERVING,SERVING'].includes(seen), seen);
  });
});

describe('gatehouse serve without file descriptors', function () {
  this.timeout(5 * GENEROUS_MS);

  it('says so on a connection that stands, and is well again when there are some', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, entries });
    await using server = await runGatehouse(dir.config);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const [host, port] = server.ready.health.split(':');
        request({ agent, host, port, path }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => resolve(text));
        })
          .once('error', reject)
          .end();
      });
    const held: Socket[] = [];
    const limit = (files: string): void => {
      const ended = spawnSync('prlimit', ['--pid', String(server.pid), `--nofile=${files}`], { encoding: 'utf8' });
      assert.equal(ended.status, 0, ended.stderr);
    };
    try {
      assert.match(await ask('/readyz'), /"degraded":\[\]/);
      limit('100:4096');
      for (let n = 0; n < 100; n += 1)
        held.push(connect(server.ready.workloadApi.replace(/^unix:/, '')).on('error', () => undefined));
      const page = await until('it says so', async () => {
        const text = await ask('/readyz');
        return /descriptors/.test(text) ? text : undefined;
      });
      assert.match(page, /"ready":true/);
      assert.match(page, /descriptors: \d+ of 100 are in use; raise LimitNOFILE/);
      const text = await ask('/metrics');
      assert.match(text, /^gatehouse_open_descriptors \d+$/m);
      assert.match(text, /^gatehouse_max_descriptors 100$/m);
      assert.match(server.log(), /"level":"error".*descriptors/);
    } finally {
      for (const each of held) each.destroy();
    }
    limit('4096:4096');
    await until('it is well', async () => (/"degraded":\[\]/.test(await ask('/readyz')) ? true : undefined));
    agent.destroy();
  });
});
