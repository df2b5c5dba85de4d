import assert from 'node:assert/strict';
import { chmod, chown, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { svidFilesOf } from '../../../src/cli/svid/svid-files.ts';
import type { PemSvid } from '../../../src/cli/svid/svid-pem.ts';
import { prepareDataDir } from '../../../src/platform/storage/data-dir.ts';
import { createKeyFiles } from '../../../src/platform/storage/key-files.ts';
import { replaceFile } from '../../../src/platform/storage/replace-file.ts';
import { runAsUser } from '../../support/as-user.ts';
import { startSwapper } from '../../support/swapper.ts';
import { tempDir } from '../../support/temp-dir.ts';

const THIEF = 12345;
const svid = {
  spiffeId: 'spiffe://a/b',
  hint: '',
  expiresAt: '',
  chainPem: 'chain',
  keyPem: 'key',
  bundlePem: 'bundle',
};

const writeSvidFiles = async (write: string, svid: PemSvid) => (await svidFilesOf({ write }))?.write(svid);

describe('replaceFile', () => {
  it('keeps the mode whatever the umask, and leaves nothing beside', async () => {
    await using dir = await tempDir();
    const umask = process.umask(0o777);
    try {
      await replaceFile(dir.at('a'), 'x', 0o644);
    } finally {
      process.umask(umask);
    }
    assert.equal((await stat(dir.at('a'))).mode & 0o777, 0o644);
    assert.deepEqual(await readdir(dir.path), ['a']);
  });

  it('writes into no file and through no link that another made first, whatever name he guessed', async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o1777);
    await writeFile(dir.at('victim'), 'ours', { mode: 0o600 });
    const names = ['b.ghbk', 'b.ghbk.new', 'b.ghbk.tmp', '.b.ghbk'];
    for (const name of names) {
      const { status, text } = runAsUser(THIEF, THIEF, ['ln', '-s', dir.at('victim'), dir.at(name)]);
      assert.equal(status, 0, text);
    }
    await replaceFile(dir.at('b.ghbk'), 'sealed', 0o600);
    assert.equal(await readFile(dir.at('victim'), 'utf8'), 'ours');
    const made = await lstat(dir.at('b.ghbk'));
    assert.deepEqual([made.isFile(), made.uid, made.mode & 0o777], [true, 0, 0o600]);
    assert.equal(await readFile(dir.at('b.ghbk'), 'utf8'), 'sealed');
  });

  it("does not follow another user's link to a directory", async () => {
    await using dir = await tempDir();
    await using home = await tempDir();
    await mkdir(dir.at('ours'), { mode: 0o755 });
    await chown(home.path, THIEF, THIEF);
    const { status } = runAsUser(THIEF, THIEF, ['ln', '-s', dir.at('ours'), home.at('link')]);
    assert.equal(status, 0);
    await assert.rejects(replaceFile(home.at('link/a'), 'x', 0o600), /belongs to uid 12345/);
    await assert.rejects(writeSvidFiles(home.at('link'), svid), { code: 'store_unusable', message: /belongs to uid/ });
    assert.throws(() => prepareDataDir(home.at('link')), { code: 'store_unusable', message: /belongs to uid 12345/ });
    assert.deepEqual(await readdir(dir.at('ours')), []);
    assert.equal((await stat(dir.at('ours'))).mode & 0o777, 0o755);
  });

  it('follows our own link to a directory', async () => {
    await using dir = await tempDir();
    await mkdir(dir.at('ours'));
    await symlink(dir.at('ours'), dir.at('link'));
    await writeSvidFiles(dir.at('link'), svid);
    assert.deepEqual((await readdir(dir.at('ours'))).sort(), ['bundle.pem', 'key.pem', 'svid.pem']);
    assert.equal(await readlink(dir.at('link')), dir.at('ours'));
    prepareDataDir(dir.at('link'));
    assert.equal((await stat(dir.at('ours'))).mode & 0o777, 0o700);
  });

  it('leaves files of others as they are while a neighbour swaps whatever appears', async () => {
    await using dir = await tempDir();
    await using home = await tempDir();
    await Promise.all([chmod(dir.path, 0o755), chown(home.path, THIEF, THIEF), chmod(home.path, 0o755)]);
    await writeFile(dir.at('victim'), 'ours', { mode: 0o600 });
    await using _ = await startSwapper(THIEF, home.path, dir.at('victim'));
    for (let i = 0; i < 200; i++) {
      await replaceFile(home.at(`f${i}`), 'x', 0o644).catch(() => undefined); // he may well keep us from it
      await writeSvidFiles(home.path, svid).catch(() => undefined);
      assert.equal(await readFile(dir.at('victim'), 'utf8'), 'ours');
      assert.equal((await stat(dir.at('victim'))).mode & 0o777, 0o600);
    }
  });
});

describe('createKeyFiles', () => {
  it('writes keys 0600 and leaves nothing beside them', async () => {
    await using dir = await tempDir();
    const keys = createKeyFiles(dir.at('keys'));
    await keys.put('0123456789abcdef', Buffer.from('k'));
    assert.deepEqual(await readdir(dir.at('keys')), ['0123456789abcdef.key']);
    assert.equal((await stat(dir.at('keys/0123456789abcdef.key'))).mode & 0o777, 0o600);
  });
});
