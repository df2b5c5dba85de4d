import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { releaseMemoryWhenQuiet } from '../../../../src/platform/memory/release-memory.ts';

describe('releaseMemoryWhenQuiet', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
  afterEach(() => mock.timers.reset());

  it('collects once, when nothing has happened for three seconds', () => {
    let happened = 0;
    let collected = 0;
    releaseMemoryWhenQuiet(() => happened, { collect: () => collected++, cpuMs: () => 0 });
    for (let i = 0; i < 10; i++) {
      happened++;
      mock.timers.tick(1_000);
    }
    mock.timers.tick(2_000);
    assert.equal(collected, 0);
    mock.timers.tick(1_000);
    assert.equal(collected, 1);
    mock.timers.tick(60_000);
    assert.equal(collected, 1);
  });

  it('collects again when there was work and it is over, not while it goes on, and not for next to nothing', () => {
    let collected = 0;
    let cpuMs = 0;
    releaseMemoryWhenQuiet(() => 0, { collect: () => collected++, cpuMs: () => cpuMs });
    mock.timers.tick(3_000);
    assert.equal(collected, 1);
    const halfMinute = (usedMs: number): number => {
      cpuMs += usedMs;
      mock.timers.tick(30_000);
      return collected;
    };
    assert.deepEqual([20, 20, 20].map(halfMinute), [1, 1, 1]);
    assert.deepEqual([5_000, 400, 5_000].map(halfMinute), [1, 1, 1]);
    assert.deepEqual([10, 10, 10].map(halfMinute), [2, 2, 2]);
    assert.deepEqual([2_000, 0, 0].map(halfMinute), [2, 3, 3]);
  });

  it('gives back what malloc keeps of what was freed', () => {
    const pieces = Array.from({ length: 30_000 }, () => Buffer.allocUnsafeSlow(4_096).fill(1));
    const full = process.memoryUsage.rss();
    const last = pieces.splice(0).at(-1); // above all the others, so that they are a hole below it
    releaseMemoryWhenQuiet(() => 0);
    mock.timers.tick(4_000);
    const left = process.memoryUsage.rss();
    assert.ok(full - left > 90e6, `${full} bytes are ${left} bytes after 123 MB of them were freed`);
    assert.equal(last?.[0], 1);
  });

  it('does nothing once disposed', () => {
    let collected = 0;
    releaseMemoryWhenQuiet(() => 0, { collect: () => collected++, cpuMs: () => 0 })[Symbol.dispose]();
    mock.timers.tick(60_000);
    assert.equal(collected, 0);
  });
});
