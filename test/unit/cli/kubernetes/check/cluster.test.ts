import assert from 'node:assert/strict';
import { checkClusterItself } from '../../../../../src/cli/kubernetes/check/cluster.ts';

describe('checkClusterItself', () => {
  const cases = [
    { name: 'a version that has all', version: 'v1.29.0', aheadSeconds: 0, want: ['ok', 'ok', 'ok'] },
    { name: 'one of a provider', version: 'v1.31.2-gke.100', aheadSeconds: 0, want: ['ok', 'ok', 'ok'] },
    { name: 'one that is too old', version: 'v1.28.9', aheadSeconds: 0, want: ['error', 'ok', 'ok'] },
    { name: 'one of a far future', version: 'v2.0.0', aheadSeconds: 0, want: ['ok', 'ok', 'ok'] },
    { name: 'what is no version', version: 'devel', aheadSeconds: 0, want: ['warning', 'ok', 'ok'] },
    { name: 'fractions that its time has not', version: 'v1.37.2', aheadSeconds: -5.9, want: ['ok', 'ok', 'ok'] },
    { name: 'a clock that is behind', version: 'v1.37.2', aheadSeconds: -7, want: ['ok', 'ok', 'error'] },
    { name: 'a clock that is ahead', version: 'v1.37.2', aheadSeconds: 6, want: ['ok', 'ok', 'error'] },
    { name: 'no clock', version: 'v1.37.2', aheadSeconds: undefined, want: ['ok', 'ok', 'warning'] },
  ] as const;
  for (const { name, want, ...cluster } of cases)
    it(`judges ${name}`, () => {
      const outcomes = checkClusterItself({ who: 'me', groups: [], ...cluster });
      assert.deepEqual(
        outcomes.map(({ result }) => result),
        want,
      );
    });
});
