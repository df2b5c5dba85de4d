import assert from 'node:assert/strict';
import fc from 'fast-check';
import { listPatch, patched } from '../../../../src/lib/lists/list-patch.ts';

describe('listPatch', () => {
  const list = [...Array(1000).keys()];

  it('is nothing where nothing changed', () => {
    assert.equal(listPatch(list, [...list]), undefined);
    assert.equal(listPatch([], []), undefined);
    assert.equal(patched(list, undefined), list);
  });

  for (const { name, after, fresh, pieces } of [
    { name: 'one value for another', after: list.with(500, -1), fresh: [-1], pieces: 3 },
    { name: 'one that came', after: list.toSpliced(500, 0, -1), fresh: [-1], pieces: 3 },
    { name: 'one that is gone', after: list.toSpliced(500, 1), fresh: [], pieces: 2 },
    { name: 'one that moved', after: [...list.slice(1), 0], fresh: [], pieces: 2 },
    { name: 'nothing that is left', after: [], fresh: [], pieces: 0 },
  ])
    it(`is as small as ${name}`, () => {
      const patch = listPatch(list, after)!;
      assert.deepEqual(patch.fresh, fresh);
      assert.equal(patch.pieces.length / 2, pieces);
      assert.deepEqual(patched(list, structuredClone(patch)), after);
    });

  it('makes any list of any other', () => {
    const lists = fc.uniqueArray(fc.nat(12), { maxLength: 12 });
    fc.assert(
      fc.property(lists, lists, (before, after) => {
        assert.deepEqual(patched(before, structuredClone(listPatch(before, after))), after);
      }),
      { numRuns: 2000 },
    );
  });
});
