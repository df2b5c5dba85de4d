import assert from 'node:assert/strict';
import { TimeShare } from '../../../../src/authz/candidate/time-share.ts';

/** Plays so many Checks of 10 µs; returns what stood beside took in all, milliseconds, and how often it had a turn. */
function play(checks: number, costOf: (turn: number) => number, betweenMs = 0) {
  const share = new TimeShare();
  let nowMs = 0;
  let takenMs = 0;
  let turns = 0;
  for (let i = 0; i < checks; i++) {
    nowMs += 0.01 + betweenMs;
    const isTimed = share.begin();
    const hasSome = share.hasSome;
    const tookMs = hasSome ? costOf(i) : 0;
    if (hasSome) turns++;
    takenMs += tookMs;
    nowMs += tookMs;
    if (isTimed) share.take(0.01, nowMs, tookMs);
  }
  return { takenMs, turns };
}

describe('TimeShare', () => {
  for (const [name, costOf] of [
    ['always dear', () => 1],
    ['dear now and then', (turn: number) => (turn % 97 === 0 ? 5 : 0.001)],
    ['a little too dear', () => 0.005],
  ] as const)
    it(`gives at most a fifth of what Checks take to what is ${name}`, () => {
      const { takenMs, turns } = play(1_000_000, costOf);
      assert.ok(takenMs < 50 + 10_000 * 0.2 + 500, `${takenMs} ms beside 10 s`);
      assert.ok(turns > 0);
    });

  it('gives a decider that has little to do all that it wants', () => {
    assert.equal(play(2_000, () => 1, 100).turns, 2_000);
  });
});
