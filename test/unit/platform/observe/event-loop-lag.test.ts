import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { watchEventLoopLag } from '../../../../src/platform/observe/event-loop-lag.ts';
import { eventually } from '../../../support/eventually.ts';

const stall = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('watchEventLoopLag', () => {
  it('looks once a second while there is little work, and sees that a look was late', async () => {
    using watch = watchEventLoopLag(() => 0);
    stall(1_300);
    const seen = await eventually('a look', () => {
      const taken = watch.take();
      return taken.count > 0 ? taken : undefined;
    });
    assert.equal(seen.count, 1);
    assert.ok(seen.max >= 250e6, `${seen.max} ns`);
  });

  it('looks closely while there is work', async () => {
    let busy = 1;
    let judged = 0;
    using watch = watchEventLoopLag(() => {
      judged += 1;
      return busy;
    });
    const judgements = (count: number): Promise<true> =>
      eventually('a judgement', () => (judged >= count ? true : undefined));
    await judgements(1);
    watch.take();
    await judgements(2);
    assert.ok(watch.take().count > 3);
    busy = 0;
    await judgements(3);
    watch.take();
    await judgements(4);
    assert.ok(watch.take().count <= 2, 'and stops when it is over');
  });
});
