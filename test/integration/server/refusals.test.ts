import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { asUser } from '../../support/as-user.ts';
import { startChild } from '../../support/child.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { gatehouseCommand, runGatehouse } from '../../support/run-gatehouse.ts';

/** Starts a server that must not come up; answers its exit code and what it said. */
async function refused(dir: GatehouseDir, ...flags: string[]) {
  await using child = startChild(...gatehouseCommand('serve', '--config', dir.config, ...flags));
  const code = await child.ended;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
}

interface Case {
  readonly name: string;
  readonly prepare: (dir: GatehouseDir) => Promise<unknown>;
  readonly says: RegExp;
}

describe('gatehouse serve, when it cannot', function () {
  this.timeout(300_000);

  const cases: readonly Case[] = [
    {
      name: 'an unknown key',
      prepare: (dir) => dir.configure({ listen: usualListeners, polices: {} }),
      says: /gatehouse\.yaml:\d+:1: polices: .*did you mean policies\?/,
    },
    {
      name: 'several problems at once',
      prepare: (dir) => dir.configure({ trustDomain: 'X', log: { level: 'loud' } }),
      says: /trustDomain: [\s\S]*log\.level: /,
    },
    {
      name: 'a socket path of 120 bytes',
      prepare: (dir) => dir.configure({ listen: { ...usualListeners, admin: `unix:/${'a'.repeat(119)}` } }),
      says: /120 bytes/,
    },
    {
      name: 'a policy that is broken from the start',
      prepare: (dir) => dir.policy('broken', 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nspec: {\n'),
      says: /policies\/broken\.yaml:\d+:\d+: /,
    },
    {
      name: 'a policy directory that does not exist',
      prepare: (dir) => dir.configure({ listen: usualListeners, policies: { paths: ['./elsewhere'] } }),
      says: /elsewhere/,
    },
    {
      name: 'a key-encryption key that is too short',
      prepare: async (dir) => {
        await writeFile(dir.at('kek'), 'c2hvcnQ=');
        await dir.configure({ listen: usualListeners, authority: { keyEncryptionKeyFile: './kek' } });
      },
      says: /kek does not hold 32 bytes/,
    },
    {
      name: 'a data directory that is a file',
      prepare: (dir) => writeFile(dir.at('data'), ''),
      says: /dataDir .*data cannot be used/,
    },
    { name: 'a configuration that does not exist', prepare: (dir) => writeFile(dir.config, ''), says: /trustDomain/ },
  ];
  for (const { name, prepare, says } of cases) {
    it(`refuses ${name} with exit code 2, one clear error and no ready line`, async () => {
      await using dir = await gatehouseDir();
      await prepare(dir);
      const { code, stdout, stderr } = await refused(dir);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n\s+at /, 'a stack is not an explanation');
    });
  }

  it('says what it waited for when it is not ready in time', async () => {
    await using dir = await gatehouseDir();
    const { code, stdout, stderr } = await refused(dir, '--ready-timeout', '1ms');
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /not ready in time: ((authority|policies|deciders): |the start took longer)/);
  });

  it('says errors as JSON when asked to', async () => {
    await using dir = await gatehouseDir();
    await dir.configure({ listen: usualListeners, polices: {} });
    const { code, stderr } = await refused(dir, '--output', 'json');
    assert.equal(code, 2);
    assert.equal((JSON.parse(stderr) as { code: string }).code, 'config_invalid');
  });

  it('names a port that is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const address = taken.address();
      assert.ok(typeof address === 'object' && address !== null);
      await using dir = await gatehouseDir({ listen: { ...usualListeners, extAuthz: `127.0.0.1:${address.port}` } });
      const { code, stderr } = await refused(dir);
      assert.equal(code, 2);
      assert.match(
        stderr,
        new RegExp(`cannot listen on 127\\.0\\.0\\.1:${address.port}: another process listens there`),
      );
    } finally {
      taken.close();
    }
  });

  it('refuses the data directory of a server that runs', async () => {
    await using dir = await gatehouseDir();
    await using _server = await runGatehouse(dir.config);
    const { code, stderr } = await refused(dir);
    assert.equal(code, 2);
    assert.match(stderr, /another Gatehouse/);
  });

  it("refuses another trust domain's data directory", async () => {
    await using dir = await gatehouseDir();
    await (await runGatehouse(dir.config)).stop();
    await dir.configure({ trustDomain: 'example.org', listen: usualListeners });
    const { code, stderr } = await refused(dir);
    assert.equal(code, 2);
    assert.match(stderr, /cluster\.local/);
  });

  it("refuses a newer version's data directory", async () => {
    await using dir = await gatehouseDir();
    await (await runGatehouse(dir.config)).stop();
    const database = new DatabaseSync(dir.at('data/gatehouse.db'));
    database.exec('PRAGMA user_version = 9999');
    database.close();
    const { code, stderr } = await refused(dir);
    assert.equal(code, 2);
    assert.match(stderr, /newer/);
  });

  it('refuses a data directory that it may not write', async () => {
    await using dir = await gatehouseDir();
    await mkdir(dir.at('data'));
    await chmod(dir.at('data'), 0o755);
    await mkdir(dir.at('run'));
    await chmod(dir.at('run'), 0o777);
    const [node, args] = gatehouseCommand('serve', '--config', dir.config);
    await using child = startChild(...asUser(65_534, 65_534, [node, ...args]));
    assert.equal(await child.ended, 2, child.stderr());
    assert.match(child.stderr(), /dataDir .* cannot be used: we may not write there/);
  });
});
