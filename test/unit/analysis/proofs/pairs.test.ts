import assert from 'node:assert/strict';
import { routesBetween } from '../../../../src/analysis/proofs/pairs.ts';

describe('routesBetween', () => {
  const rows: readonly (readonly [
    from: readonly string[],
    to: readonly string[],
    want: readonly (readonly number[])[],
  ])[] = [
    [
      ['10.0.0.1', 'fd00::1'],
      ['fd00::2', '10.0.0.2'],
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [['10.0.0.1'], ['fd00::2'], [[0, 0]]],
    [
      [],
      ['fd00::2', '10.0.0.2'],
      [
        [0, 0],
        [0, 1],
      ],
    ],
    [
      ['10.0.0.1', 'fd00::1'],
      [],
      [
        [0, 0],
        [1, 0],
      ],
    ],
    [[], [], [[0, 0]]],
  ];
  const resident = (addresses: readonly string[]) => ({ addresses });
  for (const [from, to, want] of rows)
    it(`pairs ${from.join(' and ') || 'what is not known'} with ${to.join(' and ') || 'what is not known'}`, () =>
      assert.deepEqual(routesBetween(resident(from), resident(to)), want));
});
