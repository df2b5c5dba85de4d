import assert from 'node:assert/strict';
import { createBackOff } from '../../../../src/platform/kubernetes/back-off.ts';

describe('createBackOff', () => {
  it('doubles up to a bound, and begins anew', () => {
    const backOff = createBackOff(1_000, 30_000, () => 1);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7].map(() => backOff.nextMs()),
      [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000],
    );
    backOff.reset();
    assert.equal(backOff.nextMs(), 1_000);
  });

  it('waits between half and the whole, so that many do not come at once', () => {
    assert.equal(createBackOff(1_000, 30_000, () => 0).nextMs(), 500);
  });

  it('never waits less than it was told', () => {
    assert.ok(createBackOff(1_000, 30_000).nextMs(7_000) >= 7_000);
  });
});
