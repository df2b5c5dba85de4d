import assert from 'node:assert/strict';
import { Allowance } from '../../../../../src/transport/lane/connection/allowance.ts';

/** How many in a row are granted at `now`, counted up to 100,000. */
function granted(allowance: Allowance, now: number, calls: number): number {
  let count = 0;
  while (count < 100_000 && allowance.spend('ping_flood', now, calls)) count += 1;
  return count;
}

describe('Allowance', () => {
  it('grants a burst and no more', () => assert.equal(granted(new Allowance(), 0, 0), 200));

  it('grants again as time passes, up to the burst', () => {
    const allowance = new Allowance();
    granted(allowance, 0, 0);
    assert.equal(granted(allowance, 1_050, 0), 20);
    assert.equal(granted(allowance, 10_000_000, 0), 200);
  });

  it('grants again for calls that were answered', () => {
    const allowance = new Allowance();
    granted(allowance, 0, 0);
    assert.equal(granted(allowance, 0, 51), 50);
  });

  it('keeps kinds apart', () => {
    const allowance = new Allowance();
    granted(allowance, 0, 0);
    assert.equal(allowance.spend('settings_flood', 0, 0), true);
  });
});
