import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { createBusyShare } from '../../../../src/platform/observe/busy-share.ts';

describe('createBusyShare', () => {
  it('counts what computes, not what waits for a core', () => {
    let cpu = 3_000;
    let at = 10_000;
    const busyShare = createBusyShare(
      () => cpu,
      () => at,
    );
    at += 1_000;
    cpu += 4;
    assert.equal(busyShare(), 0.004);
    at += 1_000;
    cpu += 400;
    assert.equal(busyShare(), 0.4);
  });

  it('is nothing for a loop that another process kept from its core, though the clock of the loop says that it was busy', () => {
    const busyShare = createBusyShare();
    const before = performance.eventLoopUtilization();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); // as if it waited for a core
    assert.ok(performance.eventLoopUtilization(before).utilization > 0.5);
    assert.ok(busyShare() < 0.05);
  });
});
