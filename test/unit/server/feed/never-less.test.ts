import assert from 'node:assert/strict';
import type { FeedRevocations } from '../../../../src/identity/delivery/feed/feed-deps.ts';
import { neverLess } from '../../../../src/server/feed/never-less.ts';

const list = (
  sequence: number,
  ...rows: readonly (readonly [value: string, notAfterAt: number])[]
): FeedRevocations => ({
  sequence,
  rows: rows.map(([value, notAfterAt]) => ({ kind: 'serial', value, notAfterAt })),
});

describe('neverLess', () => {
  const cases = [
    { name: 'the first list', held: undefined, heard: list(3, ['a', 9]), want: list(3, ['a', 9]) },
    { name: 'a newer one, also when it is shorter', held: list(3, ['a', 9]), heard: list(4), want: list(4) },
    { name: 'the same again', held: list(3, ['a', 9]), heard: list(3, ['a', 9]), want: list(3, ['a', 9]) },
    {
      name: 'both, when the authority is behind',
      held: list(4, ['a', 9], ['b', 9]),
      heard: list(3, ['a', 9]),
      want: list(4, ['a', 9], ['b', 9]),
    },
    { name: 'nothing that has expired', held: list(4, ['a', 5]), heard: list(3), want: list(4) },
  ];
  for (const { name, held, heard, want } of cases) {
    it(`takes ${name}`, () => assert.deepEqual(neverLess(held, heard, 7), want));
  }
});
