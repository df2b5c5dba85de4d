import assert from 'node:assert/strict';
import { finish, finishInSlices, type Work } from '../../../src/lib/work.ts';

function* counting(to: number, seen: number[] = []): Work<number> {
  for (let i = 0; i < to; i++) {
    seen.push(i);
    yield;
  }
  return to;
}

describe('finish', () => {
  it('does all of it at once', () => assert.equal(finish(counting(100)), 100));
});

describe('finishInSlices', () => {
  it('lets others in between', async () => {
    let others = 0;
    const timer = setInterval(() => others++, 0);
    const done = await finishInSlices(counting(2_000_000), 0.1, () => true);
    clearInterval(timer);
    assert.equal(done, 2_000_000);
    assert.ok(others > 0);
  });

  it('drops what is not wanted any more', async () => {
    const seen: number[] = [];
    assert.equal(await finishInSlices(counting(10, seen), 0, () => seen.length < 3), undefined);
    assert.equal(seen.length, 3);
  });

  it('passes on what the work throws', async () => {
    const failing = function* (): Work<never> {
      yield;
      throw new Error('no');
    };
    await assert.rejects(
      finishInSlices(failing(), 1, () => true),
      /no/,
    );
  });
});
