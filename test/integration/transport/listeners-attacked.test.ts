import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { prepareDataDir } from '../../../src/platform/storage/data-dir.ts';
import { listen } from '../../../src/transport/listen/listener.ts';
import { asUser, runAsUser } from '../../support/as-user.ts';
import { startChild } from '../../support/child.ts';
import { startSwapper } from '../../support/swapper.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { unixAddress } from '../../support/workload-endpoint.ts';

const THIEF = 12345;
const TRIES = 400;

describe('a neighbour who owns the directory above', () => {
  it('gets no file of ours by swapping a socket that is about to be his', async () => {
    await using dir = await tempDir();
    await using home = await tempDir();
    await Promise.all([chmod(dir.path, 0o755), chown(home.path, THIEF, THIEF), chmod(home.path, 0o755)]);
    await writeFile(dir.at('secret'), 'ours', { mode: 0o600 });
    await using _ = await startSwapper(THIEF, home.path, dir.at('secret'));
    for (let i = 0; i < TRIES; i++) {
      const address = unixAddress(home.at(`s${i}.sock`), { mode: 0o666, owner: String(THIEF), makeParents: false });
      const listener = await listen(address).catch(() => undefined); // he may well keep us from it
      await listener?.[Symbol.asyncDispose]();
      const { uid, mode } = await stat(dir.at('secret'));
      assert.deepEqual([uid, mode & 0o777], [0, 0o600], `at try ${i}`);
    }
  });

  it('opens no directory of ours by swapping one that was just made for a socket, or for data', async () => {
    await using dir = await tempDir();
    await using home = await tempDir();
    await Promise.all([chmod(dir.path, 0o755), chown(home.path, THIEF, THIEF), chmod(home.path, 0o755)]);
    await mkdir(dir.at('secret'), { mode: 0o750 });
    await using _ = await startSwapper(THIEF, home.path, dir.at('secret'));
    for (let i = 0; i < TRIES; i++) {
      const listener = await listen(unixAddress(home.at(`made${i}/s.sock`))).catch(() => undefined);
      await listener?.[Symbol.asyncDispose]();
      try {
        prepareDataDir(home.at(`data${i}`));
      } catch {
        // likewise
      }
      assert.equal((await stat(dir.at('secret'))).mode & 0o777, 0o750, `at try ${i}`);
      await rm(dir.at('secret/s.sock'), { force: true });
    }
  });
});

/** Listens as a server without any capability, and tells when it does. */
const serverScript = (file: string, address: object): string => `
  import(${JSON.stringify(new URL('../../../src/transport/listen/listener.ts', import.meta.url).pathname)}).then(async ({ listen }) => {
    await listen(${JSON.stringify(address)});
    console.log('listens');
  }, (error) => console.log(String(error))); // ${file}`;

const CLIENT = `require('net').connect(process.argv[1]).on('connect', () => process.exit(0)).on('error', (e) => { console.log(e.code); process.exit(1) })`;

describe('a server without capabilities', () => {
  for (const { name, differs, enters, others } of [
    { name: 'an owner', differs: { mode: 0o600, owner: '12346' }, enters: [12346, 12346], others: [12347, 12347] },
    { name: 'a group', differs: { mode: 0o660, group: '12348' }, enters: [12347, 12348], others: [12346, 12346] },
    {
      name: 'an owner, not his group',
      differs: { mode: 0o600, owner: '12346', group: '12348' },
      enters: [12346, 1],
      others: [12347, 12348],
    },
  ] as const) {
    it(`lets in ${name} all the same, and nobody else`, async () => {
      await using dir = await tempDir();
      await Promise.all([chown(dir.path, THIEF, THIEF), chmod(dir.path, 0o755)]);
      const path = dir.at('s.sock');
      const script = serverScript('', unixAddress(path, differs));
      await using server = startChild(
        ...asUser(THIEF, THIEF, ['setpriv', '--bounding-set=-all', '--no-new-privs', process.execPath, '-e', script]),
      );
      await Promise.race([
        new Promise<void>((resolve) => server.onLine(() => resolve())),
        server.ended.then(() => assert.fail(server.stderr())),
      ]);
      assert.equal(server.stdout(), 'listens\n');
      const as = ([uid, gid]: readonly [number, number]) => runAsUser(uid, gid, [process.execPath, '-e', CLIENT, path]);
      assert.equal(as(enters).status, 0);
      assert.deepEqual(as(others), { status: 1, text: 'EACCES\n' });
      assert.deepEqual(await readdir(dir.path), ['s.sock']);
      const own = connect(path);
      await once(own, 'connect');
      own.destroy();
    });
  }
});
