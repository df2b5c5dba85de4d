import assert from 'node:assert/strict';
import { DecisionRing } from '../../../../src/authz/record/ring.ts';
import { decision } from '../../../../src/policy/decision.ts';

const caller = { local: true } as const;
const id = Buffer.alloc(16, 'x');
const allow = decision(undefined, 'allow', 'rule_allowed');
const deny = decision(undefined, 'deny', 'rule_denied');

/** One decision at a time. */
function record(ring: DecisionRing, effect: typeof allow, nowMs: number): void {
  ring.record(effect, id, nowMs, undefined, 1, Buffer.from('request'), caller, undefined);
}

describe('DecisionRing', () => {
  it('keeps a second’s worth at once, and then as many as time brings back', () => {
    const ring = new DecisionRing({ allowsPerSecond: 100 });
    const taken: number[] = [];
    for (let ms = 0; ms < 3_000; ms++) {
      record(ring, allow, 1_000_000 + ms);
      if (ms % 100 === 99) taken.push(ring.drain(1_000).entries.length);
    }
    const [first, , ...rest] = taken; // what was earned during the first is there in the second
    assert.equal(first, 100);
    assert.ok(
      rest.every((count) => count <= 11),
      `a tenth of a second brought ${Math.max(...rest)}`,
    );
    const all = taken.reduce((sum, count) => sum + count, 0);
    assert.ok(all >= 380 && all <= 400, `${all} in three seconds`);
  });

  it('counts what it drops', () => {
    const ring = new DecisionRing({ allowsPerSecond: 5 });
    for (let i = 0; i < 12; i++) record(ring, allow, 1_000_000);
    const { entries, dropped } = ring.drain(100);
    assert.deepEqual([entries.length, dropped], [5, 7]);
  });

  it('has room for denies however many allows there are', () => {
    const ring = new DecisionRing({ size: 8, allowsPerSecond: 1_000 });
    for (let i = 0; i < 50; i++) record(ring, allow, 1_000_000);
    record(ring, deny, 1_000_000);
    const { entries, dropped } = ring.drain(100);
    assert.equal(entries.length, 9);
    assert.equal(entries[0]!.decision.effect, 'deny');
    assert.equal(dropped, 42);
  });

  it('goes on when the clock is set back', () => {
    const ring = new DecisionRing({ allowsPerSecond: 10 });
    for (let i = 0; i < 20; i++) record(ring, allow, 5_000_000);
    assert.equal(ring.drain(100).entries.length, 10);
    record(ring, allow, 1_000_000);
    assert.equal(ring.drain(100).entries.length, 0);
    record(ring, allow, 1_000_100);
    assert.equal(ring.drain(100).entries.length, 1);
  });

  it('says once that there is something to drain, and again only after a drain has left nothing', () => {
    let filled = 0;
    const ring = new DecisionRing({ allowsPerSecond: 2, filled: () => filled++ });
    assert.equal(ring.isEmpty, true);
    for (let i = 0; i < 5; i++) record(ring, allow, 1_000_000);
    assert.equal(filled, 1);
    ring.drain(1);
    assert.equal(ring.isEmpty, false, 'one is left');
    record(ring, deny, 1_000_000);
    assert.equal(filled, 1);
    ring.drain(100);
    assert.equal(ring.isEmpty, true);
    record(ring, allow, 1_000_000); // there is no rate left: dropped, which is something to tell too
    assert.equal(filled, 2);
    assert.deepEqual(ring.drain(100), { entries: [], dropped: 1 });
  });
});
