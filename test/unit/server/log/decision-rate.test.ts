import assert from 'node:assert/strict';
import { latencyBounds } from '../../../../src/authz/record/counters.ts';
import { createDecisionRate } from '../../../../src/server/log/decision-rate.ts';

const counts = (allow: number, deny: number) => [
  { decision: 'allow' as const, count: allow },
  { decision: 'deny' as const, count: deny },
];

const untimed = { p50Seconds: null, p99Seconds: null };

describe('createDecisionRate', () => {
  it('is of what was decided in the last minute, and counts all', () => {
    let nowMs = 0;
    const rate = createDecisionRate(() => nowMs);
    assert.deepEqual(rate.read(), { allowed: 0, denied: 0, perSecond: 0, deniedPerSecond: 0, ...untimed });
    for (let second = 1; second <= 120; second++) {
      nowMs = second * 1_000;
      rate.note(counts(second <= 60 ? 100 : 10, 1), []);
    }
    assert.deepEqual(rate.read(), { allowed: 6_600, denied: 120, perSecond: 11, deniedPerSecond: 1, ...untimed });
  });

  it('is of the time since the start while that is less than a minute', () => {
    let nowMs = 0;
    const rate = createDecisionRate(() => nowMs);
    nowMs = 1_000;
    rate.note(counts(30, 0), []);
    nowMs = 10_000;
    assert.equal(rate.read().perSecond, 3);
  });

  it('falls to nothing when nothing more is said, and holds no more than a minute however often it is told', () => {
    let nowMs = 0;
    const rate = createDecisionRate(() => nowMs);
    for (let i = 0; i < 5_000; i++) {
      nowMs += 20;
      rate.note(counts(1, 0), []);
    }
    assert.ok(Math.abs(rate.read().perSecond - 50) <= 1, 'the second that runs is not whole');
    nowMs += 3_600_000;
    assert.deepEqual(rate.read(), { allowed: 5_000, denied: 0, perSecond: 0, deniedPerSecond: 0, ...untimed });
  });

  it('says how long the Checks of the last minute took', () => {
    let nowMs = 0;
    const rate = createDecisionRate(() => nowMs);
    const took = (at: number, count: number) => latencyBounds.map((_, i) => (i === at ? count : 0));
    rate.note([], took(2, 980));
    nowMs = 30_000;
    rate.note([], took(10, 15));
    rate.note([], [...latencyBounds.map(() => 0), 5]);
    const { p50Seconds, p99Seconds } = rate.read();
    assert.deepEqual([p50Seconds, p99Seconds], [latencyBounds[2], latencyBounds[10]]);
    nowMs = 61_000;
    assert.equal(rate.read().p99Seconds, latencyBounds.at(-1), 'what is older is forgotten');
    nowMs = 3_600_000;
    assert.equal(rate.read().p50Seconds, null);
  });
});
