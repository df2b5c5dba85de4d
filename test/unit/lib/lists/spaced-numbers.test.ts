import assert from 'node:assert/strict';
import { spacedNumbers } from '../../../../src/lib/lists/spaced-numbers.ts';

describe('spacedNumbers', () => {
  const cases: readonly (readonly [string, Parameters<typeof spacedNumbers>, number[] | undefined])[] = [
    ['between two', [1, 0, 10], [5]],
    ['several between two', [3, 0, 100], [25, 50, 75]],
    ['as many as there is room for', [2, 7, 10], [8, 9]],
    ['none between neighbours', [1, 7, 8], undefined],
    ['none where one too many is asked for', [3, 7, 10], undefined],
    ['nothing', [0, 7, 8], []],
  ];
  for (const [what, args, want] of cases) {
    it(`gives ${what}`, () => assert.deepEqual(spacedNumbers(...args), want));
  }

  it('gives a million room among all numbers', () => assert.equal(spacedNumbers(1_000_000)?.length, 1_000_000));
});
