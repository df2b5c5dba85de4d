import assert from 'node:assert/strict';
import { TimeShare } from '../../../../src/authz/candidate/time-share.ts';

/** Milliseconds that go by. */
interface Passing {
  /** Between two Checks, with nothing to do. */
  readonly idleMs?: number;
  /** Within some Checks, which wait for the processor. */
  readonly stolenMs?: (turn: number) => number;
}

/** Plays so many Checks of 10 µs; returns what stood beside took in all, milliseconds, and how often it had a turn. */
function play(checks: number, costOf: (turn: number) => number, { idleMs = 0, stolenMs = () => 0 }: Passing = {}) {
  let waitedMs = 0;
  const share = new TimeShare(() => waitedMs);
  let takenMs = 0;
  let turns = 0;
  for (let i = 0; i < checks; i++) {
    waitedMs += idleMs;
    const isTimed = share.begin();
    const hasSome = share.hasSome;
    const tookMs = hasSome ? costOf(i) : 0;
    if (hasSome) turns++;
    takenMs += tookMs;
    if (isTimed) share.take(0.01 + stolenMs(i), tookMs);
    else if (tookMs > 1) share.overran(tookMs);
  }
  return { takenMs, turns };
}

describe('TimeShare', () => {
  for (const [name, costOf] of [
    ['always dear', () => 1],
    ['dear now and then', (turn: number) => (turn % 97 === 0 ? 5 : 0.001)],
    ['a little too dear', () => 0.005],
    ['very dear', () => 20],
    ['very dear and seldom', (turn: number) => (turn % 5_003 === 0 ? 100 : 0.001)],
    ['dear by chance', (turn: number) => (turn % 1_009 === 0 ? 3 : 0.001)],
  ] as const)
    it(`gives at most a fifth of what Checks take to what is ${name}`, () => {
      const { takenMs, turns } = play(1_000_000, costOf);
      assert.ok(takenMs < 50 + 10_000 * 0.2 + 500, `${takenMs} ms beside 10 s`);
      assert.ok(turns > 0);
    });

  it('gives no more on a machine that is busy with others', () => {
    const { takenMs } = play(1_000_000, () => 1, { stolenMs: (turn) => (turn % 503 === 0 ? 20 : 0) });
    assert.ok(takenMs < 50 + 10_000 * 0.2 + 500, `${takenMs} ms beside 10 s`);
  });

  it('gives a decider that has little to do all that it wants', () => {
    assert.equal(play(2_000, () => 1, { idleMs: 100 }).turns, 2_000);
  });
});
