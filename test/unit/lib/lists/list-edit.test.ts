import assert from 'node:assert/strict';
import fc from 'fast-check';
import { listEdit } from '../../../../src/lib/lists/list-edit.ts';

describe('listEdit', () => {
  it('tells who is gone and who came, wherever they stood', () => {
    const lists = fc.uniqueArray(fc.nat(40), { maxLength: 40 });
    fc.assert(
      fc.property(lists, lists, (before, after) => {
        const { gone, came, from, to } = listEdit(before, after);
        assert.deepEqual(
          [...gone].sort((a, b) => a - b),
          before.filter((each) => !after.includes(each)).sort((a, b) => a - b),
        );
        assert.deepEqual(
          [...came].sort((a, b) => a - b),
          after.filter((each) => !before.includes(each)).sort((a, b) => a - b),
        );
        assert.deepEqual(before.slice(0, from), after.slice(0, from));
        const tail = after.slice(to);
        assert.deepEqual(before.slice(before.length - tail.length), tail);
      }),
      { numRuns: 3000 },
    );
  });

  it('looks at no value of long lists twice for changes here and there', () => {
    const before = Array.from({ length: 20_000 }, (_, i) => ({ i }));
    const after = before.map((each, i) => (i % 700 === 0 ? { ...each } : each)).filter((_, i) => i % 900 !== 1);
    let reads = 0;
    const counted = new Proxy(before, {
      get(list, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
        return Reflect.get(list, key, receiver) as unknown;
      },
    });
    const { gone, came } = listEdit(counted, after);
    assert.deepEqual([gone.length, came.size], [52, 29]);
    assert.ok(reads < 2.5 * before.length, String(reads));
  });
});
