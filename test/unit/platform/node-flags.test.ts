import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingFlags, ONE_ARENA } from '../../../src/platform/node-flags.ts';

const all = missingFlags([]);
const root = join(import.meta.dirname, '../../..');

describe('missingFlags', () => {
  it('is all of them for a process that was started without any', () => assert.equal(all.length, 4));
  it('is none for one that has them', () => assert.deepEqual(missingFlags([...all, '--trace-gc']), []));
  for (const own of ['--max-semi-space-size=64', '--max_semi_space_size=64'])
    it(`leaves ${own} as it was given`, () =>
      assert.deepEqual(
        missingFlags([own]),
        all.filter((flag) => !flag.startsWith('--max-semi-space-size')),
      ));
});

describe('bin/gatehouse', () => {
  it('starts `serve` with the same flags and arenas, so that it need not start itself again', () => {
    const script = readFileSync(join(root, 'bin/gatehouse'), 'utf8');
    for (const flag of all) assert.ok(script.includes(flag), flag);
    assert.match(script, new RegExp(`MALLOC_ARENA_MAX:-${ONE_ARENA.MALLOC_ARENA_MAX}`));
  });
});
