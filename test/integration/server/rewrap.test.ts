import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createLocalKeyStore, createMemoryKeyBlobs } from '../../../src/identity/authority/keys/local-keys.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { commandLine } from '../../support/command-line.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const key = (): string => randomBytes(32).toString('base64');

/** As an operator writes it: beside, and renamed. */
async function writeKeys(dir: GatehouseDir, ...lines: readonly string[]): Promise<void> {
  await writeFile(dir.at('kek.new'), `${lines.join('\n')}\n`);
  await rename(dir.at('kek.new'), dir.at('kek'));
}

async function order({ ready }: RunningGatehouse, verb: string, body: object = {}): Promise<void> {
  const answer = await askAdmin(ready.admin, 'POST', `/v1/authorities/${verb}`, { reason: 'test', ...body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

const rewrap = (dir: GatehouseDir) =>
  commandLine('ca', 'rewrap', '--reason', 'test', '--config', dir.config, '--output', 'json');

const issues = async ({ ready }: RunningGatehouse): Promise<void> => {
  const { code, err } = await commandLine('svid', 'fetch', '--socket', ready.workloadApi);
  assert.equal(code, 0, err);
};

const entries = [
  { spiffeId: 'spiffe://cluster.local/ns/default/sa/details', selectors: [`unix:uid:${process.geteuid?.()}`] },
];
const wrapped = {
  listen: usualListeners,
  entries,
  extAuthz: { workers: 1 },
  authority: { keyEncryptionKeyFile: './kek' },
};

describe('keys at rest', function () {
  this.timeout(120_000);

  it('are all wrapped when a key-encryption key is turned on: prepared, for tokens, and moved aside', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, entries });
    {
      await using server = await runGatehouse(dir.config);
      for (const use of ['x509', 'jwt']) await order(server, 'prepare', { use });
    }
    // One that a crash left, moved aside by a version of before.
    const lost = createMemoryKeyBlobs();
    const { keyId } = await createLocalKeyStore(lost).create('ec-p256');
    await mkdir(dir.at('data/keys/orphaned'), { recursive: true });
    await writeFile(dir.at(`data/keys/orphaned/${keyId}.key`), (await lost.get(keyId))!);
    await dir.configure(wrapped);
    await writeKeys(dir, key());
    await using server = await runGatehouse(dir.config);
    const files = globSync('data/keys/**/*.key', { cwd: dir.path });
    assert.equal(files.length, 5);
    for (const file of files) assert.equal((await readFile(dir.at(file))).subarray(0, 4).toString(), 'GHK1', file);
    await order(server, 'activate', { override: true });
    await issues(server);
  });

  it('go under another key-encryption key while the server serves, and need the former no more', async () => {
    await using dir = await gatehouseDir(wrapped);
    const [former, next] = [key(), key()];
    await writeKeys(dir, former);
    {
      await using server = await runGatehouse(dir.config);
      await order(server, 'prepare');
      const before = await rewrap(dir);
      assert.equal((JSON.parse(before.out) as { rewrapped: number }).rewrapped, 0);
      await writeKeys(dir, next, former);
      const { code, out } = await rewrap(dir);
      assert.equal(code, 0, out);
      const { done, keys, rewrapped } = JSON.parse(out) as { done: boolean; keys: number; rewrapped: number };
      assert.deepEqual([done, keys, rewrapped], [true, 3, 3]);
      await issues(server);
    }
    await writeKeys(dir, next);
    await using server = await runGatehouse(dir.config);
    await order(server, 'activate', { override: true });
    await issues(server);
  });
});

describe('keys that replicas share', function () {
  this.timeout(180_000);
  let database: Postgres;
  before(async () => {
    database = await startPostgres();
  });
  after(() => database?.[Symbol.asyncDispose]());

  it('go under another key-encryption key only when every replica knows it, and none stands still', async () => {
    await database.query('CREATE DATABASE rewrapped');
    const url = database.url.replace(/\/[^/]*$/, '/rewrapped');
    const [former, next] = [key(), key()];
    await using one = await gatehouseDir({ ...wrapped, store: url });
    await using two = await gatehouseDir({ ...wrapped, store: url });
    for (const dir of [one, two]) await writeKeys(dir, former);
    {
      await using first = await runGatehouse(one.config);
      await using second = await runGatehouse(two.config);
      await order(first, 'prepare');
      await writeKeys(one, next, former);
      const early = await rewrap(one);
      assert.equal(early.code, 1);
      assert.match(early.out, /pid \d+ could not read keys under the key-encryption key/);
      await writeKeys(two, former, next);
      const { code, out } = await rewrap(one);
      assert.equal(code, 0, out);
      assert.equal((JSON.parse(out) as { rewrapped: number }).rewrapped, 3);
      // What the other makes from now on is under the new one too, whatever stands first in its file.
      await order(second, 'prepare', { use: 'jwt' });
      await order(second, 'activate', { override: true });
      for (const each of [first, second]) await issues(each);
    }
    for (const dir of [one, two]) await writeKeys(dir, next);
    await using first = await runGatehouse(one.config);
    await order(first, 'activate', { use: 'jwt', override: true });
    await issues(first);
  });
});
