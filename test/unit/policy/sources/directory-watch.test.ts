import { appendFile, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { DirectoryWatch } from '../../../../src/policy/sources/directory-watch.ts';
import { scan } from '../../../../src/policy/sources/scan.ts';
import { tempDir } from '../../../support/temp-dir.ts';

describe('DirectoryWatch', function () {
  this.timeout(30_000);

  /** Changes one file over and over in the directory beside, and waits until it is told of a change. */
  async function toldBeside(path: (at: (name: string) => string) => string, change: (dir: string) => Promise<void>) {
    await using dir = await tempDir();
    await mkdir(dir.at('policies'));
    await writeFile(dir.at('policies/a.yaml'), 'kind: A\n');
    await writeFile(dir.at('policy.yaml'), 'kind: A\n');
    const { promise: told, resolve } = Promise.withResolvers<void>();
    // Told in the quiet after a change, or never.
    using watch = new DirectoryWatch({ quietMs: 100, movedMs: 20, mostMs: 600_000, pollMs: 0 }, resolve);
    watch.follow(scan([{ path: path(dir.at) }]).directories);
    let isOver = false;
    const writing = (async () => {
      while (!isOver) await appendFile(dir.at('access.log'), 'line\n');
    })();
    await writeFile(dir.at('draft'), 'kind: B\n');
    await change(dir.path);
    await told;
    isOver = true;
    await writing;
  }

  it('is not kept waiting by a log that lies beside the directory of policies', () =>
    toldBeside(
      (at) => at('policies'),
      (dir) => rename(`${dir}/draft`, `${dir}/policies/a.yaml`),
    ));

  it('is not kept waiting by a log that lies beside a file of policies', () =>
    toldBeside(
      (at) => at('policy.yaml'),
      (dir) => writeFile(`${dir}/policy.yaml`, 'kind: C\n'),
    ));

  it('watches a directory that was made anew, though it has the number of the one before', async () => {
    await using dir = await tempDir();
    await mkdir(dir.at('policies'));
    let { promise: told, resolve } = Promise.withResolvers<void>();
    using watch = new DirectoryWatch({ quietMs: 20, movedMs: 20, mostMs: 600_000, pollMs: 0 }, () => resolve());
    const directories = new Map([[dir.at('policies'), { inode: 1n, names: undefined }]]);
    watch.follow(directories);
    await rm(dir.at('policies'), { recursive: true });
    await mkdir(dir.at('policies'));
    await told;
    ({ promise: told, resolve } = Promise.withResolvers<void>());
    watch.follow(directories);
    await writeFile(dir.at('policies/a.yaml'), 'kind: A\n');
    await told;
  });

  it('tells of a change that it may not look at, and outlives it', async () => {
    await using dir = await tempDir();
    await mkdir(dir.at('real'));
    await symlink(dir.at('real'), dir.at('link'));
    const { promise: told, resolve } = Promise.withResolvers<void>();
    using watch = new DirectoryWatch({ quietMs: 20, movedMs: 20, mostMs: 600_000, pollMs: 0 }, resolve);
    const { ino } = await stat(dir.at('real'), { bigint: true });
    watch.follow(new Map([[dir.at('link'), { inode: ino, names: undefined }]]));
    await symlink('loop', dir.at('loop'));
    await rename(dir.at('loop'), dir.at('link')); // from here on whatever lies beneath is refused, as in a directory that nobody may enter
    await symlink('link', dir.at('loop'));
    await writeFile(dir.at('real/a.yaml'), 'kind: A\n');
    await told;
  });
});
