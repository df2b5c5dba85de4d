import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { scan } from '../../../../src/policy/sources/scan.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const ODD = Buffer.from([0x61, 0xff]);

/** What lies in a directory, and what is said of it. */
const cases: readonly {
  readonly name: string;
  make(dir: TempDir): void;
  readonly want: readonly string[];
  readonly exclude?: readonly string[];
}[] = [
  {
    name: 'a file whose name is not UTF-8',
    make: ({ path }) => writeFileSync(Buffer.concat([Buffer.from(`${path}/`), ODD, Buffer.from('.yaml')]), 'x'),
    want: ['a\ufffd.yaml: its name is not UTF-8'],
  },
  {
    name: 'a directory whose name is not UTF-8',
    make: ({ path }) => mkdirSync(Buffer.concat([Buffer.from(`${path}/`), ODD])),
    want: ['a\ufffd: its name is not UTF-8'],
  },
  {
    name: 'a file that is no policy by its name, which is not UTF-8',
    make: ({ path }) => writeFileSync(Buffer.concat([Buffer.from(`${path}/`), ODD, Buffer.from('.png')]), 'x'),
    want: [],
  },
  {
    name: 'a name with the character that stands for others',
    make: (dir) => writeFileSync(dir.at('a\ufffd.yaml'), 'x'),
    want: [],
  },
  {
    name: 'a link to a directory that is gone',
    make: (dir) => symlinkSync('/nowhere/team', dir.at('team')),
    want: ['team: it points nowhere, ENOENT'],
  },
  {
    name: 'a link to itself',
    make: (dir) => symlinkSync('team', dir.at('team')),
    want: ['team: it points nowhere, ELOOP'],
  },
  {
    name: 'a link to a directory that is gone and left out',
    make: (dir) => symlinkSync('/nowhere/team', dir.at('team')),
    exclude: ['team'],
    want: [],
  },
  {
    name: 'an empty directory in place of a file, as runtimes make of a mount without its source',
    make: (dir) => mkdirSync(dir.at('a.yaml')),
    want: ['a.yaml: an empty directory in place of a file'],
  },
  {
    name: 'an empty directory in place of a file that is left out',
    make: (dir) => mkdirSync(dir.at('a.yaml')),
    exclude: ['a.yaml'],
    want: [],
  },
  {
    name: 'a directory that has the name of a file and holds some',
    make: (dir) => {
      mkdirSync(dir.at('a.yaml'));
      writeFileSync(dir.at('a.yaml/b.yaml'), 'x');
    },
    want: [],
  },
  {
    name: 'a link to something else that is gone',
    make: (dir) => symlinkSync('/nowhere/a.png', dir.at('a.png')),
    want: [],
  },
];

describe('what cannot be looked into', () => {
  for (const { name, make, want, exclude } of cases) {
    it(`is told, if it could hold policy: ${name}`, async () => {
      await using dir = await tempDir();
      make(dir);
      const { missing } = scan([{ path: dir.path, ...(exclude && { exclude }) }]);
      assert.deepEqual(
        missing.map(({ path, why }) => `${path.slice(dir.path.length + 1)}: ${why}`),
        want,
      );
    });
  }

  it('is told of a directory in one that may be listed and not entered', async () => {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.('nobody');
    try {
      await using dir = await tempDir();
      mkdirSync(dir.at('a/b'), { recursive: true });
      chmodSync(dir.at('a'), 0o444);
      const { missing } = scan([{ path: dir.path }]);
      chmodSync(dir.at('a'), 0o755);
      assert.deepEqual(
        missing.map(({ path, why }) => `${path.slice(dir.path.length + 1)}: ${why}`),
        ['a/b: EACCES'],
      );
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
