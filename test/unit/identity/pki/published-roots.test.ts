import assert from 'node:assert/strict';
import { publishedRoots } from '../../../../src/identity/pki/published-roots.ts';
import { derOf, makeCertificate } from '../../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

describe('publishedRoots', () => {
  let dir: TempDir;
  const roots = new Map<string, Buffer>();
  before(async () => {
    dir = await tempDir();
    const twins = [
      { name: 'expired', fromDays: -9, untilDays: -1 },
      { name: 'elder', fromDays: -8, untilDays: 40 },
      { name: 'newest', fromDays: -1, untilDays: 30 },
      { name: 'later', fromDays: 1, untilDays: 30 },
    ];
    for (const twin of twins) roots.set(twin.name, derOf(makeCertificate(dir, { ...twin, key: 'root' })));
    roots.set('other', derOf(makeCertificate(dir, { name: 'other', fromDays: -3 })));
  });
  after(() => dir[Symbol.asyncDispose]());

  const cases = [
    { name: 'the newest of a name and key first', input: ['elder', 'newest'], want: ['newest', 'elder'] },
    {
      name: 'other names among them by the same order',
      input: ['elder', 'other', 'newest'],
      want: ['newest', 'other', 'elder'],
    },
    { name: 'nothing that has expired', input: ['expired', 'elder'], want: ['elder'] },
    { name: 'nothing at all rather than what has expired', input: ['expired'], want: [] },
    { name: 'what is not valid yet last', input: ['later', 'elder', 'newest'], want: ['newest', 'elder', 'later'] },
    { name: 'each once', input: ['elder', 'newest', 'elder', 'newest'], want: ['newest', 'elder'] },
  ];
  for (const { name, input, want } of cases) {
    it(`gives ${name}`, () => {
      const given = input.map((each) => Buffer.from(roots.get(each)!));
      const got = publishedRoots(given, Date.now()).map(
        (der) => [...roots].find(([, each]) => each.equals(Buffer.from(der)))?.[0],
      );
      assert.deepEqual(got, want);
    });
  }
});
