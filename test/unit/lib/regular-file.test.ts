import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { FileRefused, openRegularFile, readRegularFile, readRegularFileSync } from '../../../src/lib/regular-file.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

describe('readRegularFile', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  const both = async (path: string, mostBytes: number): Promise<Buffer> => {
    const [now, later] = [readRegularFileSync(path, mostBytes), await readRegularFile(path, mostBytes)];
    assert.deepEqual(now, later);
    return now;
  };
  const refused = async (path: string, mostBytes: number, code: string): Promise<void> => {
    const is = (thrown: unknown): boolean => thrown instanceof FileRefused && thrown.code === code;
    assert.throws(() => readRegularFileSync(path, mostBytes), is);
    await assert.rejects(readRegularFile(path, mostBytes), is);
  };

  for (const bytes of [0, 1, 65_535, 65_536, 65_537, 300_000])
    it(`reads ${bytes} bytes, and refuses one more than it may`, async () => {
      const path = dir.at('f');
      const content = Buffer.alloc(bytes, 'x');
      writeFileSync(path, content);
      assert.deepEqual(await both(path, bytes), content);
      if (bytes > 0) await refused(path, bytes - 1, 'EFBIG');
    });

  it('reads a file that does not tell its size', async () => {
    assert.match((await both('/proc/version', 65_536)).toString('utf8'), /^Linux/);
    await refused('/proc/version', 10, 'EFBIG');
  });

  it('follows a link', async () => {
    writeFileSync(dir.at('f'), 'x');
    symlinkSync('f', dir.at('link'));
    assert.equal((await both(dir.at('link'), 1)).toString('utf8'), 'x');
  });

  it('refuses what is no file, at once', async () => {
    execFileSync('mkfifo', [dir.at('pipe')]);
    mkdirSync(dir.at('directory'));
    for (const path of [dir.at('pipe'), dir.at('directory'), '/dev/zero', '/dev/null'])
      await refused(path, 10, 'ENXIO');
  });

  it('refuses a socket', async () => {
    const server = createServer().listen(dir.at('s'));
    try {
      assert.throws(() => readRegularFileSync(dir.at('s'), 10), { code: 'ENXIO' });
      await assert.rejects(readRegularFile(dir.at('s'), 10), { code: 'ENXIO' });
    } finally {
      server.close();
    }
  });

  it('says what the system says of a file that is not there', () =>
    assert.rejects(readRegularFile(dir.at('gone'), 10), { code: 'ENOENT' }));
});

describe('openRegularFile', () => {
  it('reads any part of a file, and nothing behind its end', async () => {
    await using dir = await tempDir();
    writeFileSync(dir.at('f'), '0123456789');
    await using file = await openRegularFile(dir.at('f'));
    assert.equal(file.length, 10);
    const cases = [
      { from: 0, to: 10, want: '0123456789' },
      { from: 3, to: 5, want: '34' },
      { from: 8, to: 100, want: '89' },
      { from: 10, to: 20, want: '' },
      { from: 30, to: 40, want: '' },
    ];
    for (const { from, to, want } of cases) assert.equal((await file.read(from, to)).toString(), want, `${from}–${to}`);
  });

  it('refuses what is no file', async () => {
    await using dir = await tempDir();
    execFileSync('mkfifo', [dir.at('pipe')]);
    for (const path of [dir.at('pipe'), dir.path, '/dev/zero'])
      await assert.rejects(openRegularFile(path), (thrown) => thrown instanceof FileRefused && thrown.code === 'ENXIO');
  });
});
