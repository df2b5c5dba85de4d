import assert from 'node:assert/strict';
import fc from 'fast-check';
import { finish, finishInSlices, sortWork, type Work } from '../../../src/lib/work.ts';

function* counting(to: number, seen: number[] = []): Work<number> {
  for (let i = 0; i < to; i++) {
    seen.push(i);
    yield;
  }
  return to;
}

describe('sortWork', () => {
  it('sorts as Array.sort does, equal items in their order', () => {
    const items = fc.array(fc.record({ key: fc.nat(20), other: fc.nat() }), { maxLength: 1000, size: 'max' });
    fc.assert(
      fc.property(items, (list) => {
        const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key;
        assert.deepEqual(finish(sortWork(list, compare)), list.toSorted(compare));
      }),
      { numRuns: 100 },
    );
  });
});

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
