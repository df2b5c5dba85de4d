import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { releaseMemoryWhenQuiet } from '../../../../src/platform/memory/release-memory.ts';

describe('releaseMemoryWhenQuiet', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
  afterEach(() => mock.timers.reset());

  it('collects once, when nothing has happened for three seconds', () => {
    let happened = 0;
    let collected = 0;
    releaseMemoryWhenQuiet(
      () => happened,
      () => collected++,
    );
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
    releaseMemoryWhenQuiet(
      () => 0,
      () => collected++,
    )[Symbol.dispose]();
    mock.timers.tick(60_000);
    assert.equal(collected, 0);
  });
});
