import assert from 'node:assert/strict';
import { keptList, saysTheSame } from '../../../../src/lib/lists/kept-list.ts';

interface Thing {
  readonly name: string;
  readonly value?: unknown;
}
const likeness = { nameOf: ({ name }: Thing) => name, isEqual: (a: Thing, b: Thing) => saysTheSame(a, b) };
const a: Thing = { name: 'a', value: [1] };
const b: Thing = { name: 'b' };
const c: Thing = { name: 'c' };
const copyOf = <T>(value: T): T => structuredClone(value);

describe('keptList', () => {
  it('is the list before, where the new one says the same', () => {
    const before = [a, b, c];
    for (const after of [[a, b, c], [copyOf(a), b, copyOf(c)], copyOf(before)])
      assert.equal(keptList(before, after, likeness), before);
    const empty: Thing[] = [];
    assert.equal(keptList(empty, [], likeness), empty);
  });

  it('holds the values before in the places of the new ones, each once', () => {
    const changed = { name: 'b', value: 'other' };
    for (const { after, want } of [
      { after: [copyOf(c), changed, copyOf(a)], want: [c, changed, a] },
      { after: [copyOf(a)], want: [a] },
      { after: [], want: [] },
      { after: [a, copyOf(b), b, c], want: undefined },
    ]) {
      const kept = keptList([a, b, c], after, likeness);
      assert.deepEqual(kept, after);
      assert.equal(new Set(kept).size, kept.length);
      if (want !== undefined) for (const [i, one] of want.entries()) assert.equal(kept[i], one);
    }
  });
});

describe('saysTheSame', () => {
  for (const { name, one, other, but, want } of [
    { name: 'equal members', one: { a: [1, { b: 'x' }] }, other: { a: [1, { b: 'x' }] }, want: true },
    { name: 'another value', one: { a: [1, { b: 'x' }] }, other: { a: [1, { b: 'y' }] }, want: false },
    { name: 'a member more', one: { a: 1 }, other: { a: 1, b: 2 }, want: false },
    { name: 'a member less', one: { a: 1, b: 2 }, other: { a: 1 }, want: false },
    { name: 'a longer list', one: [1], other: [1, 2], want: false },
    { name: 'a list and a record', one: [], other: {}, want: false },
    { name: 'nothing and null', one: undefined, other: null, want: false },
    { name: 'what does not count', one: { a: 1, at: 1 }, other: { a: 1, at: 2 }, but: 'at', want: true },
    { name: 'what does not count and is missing', one: { a: 1, at: 1 }, other: { a: 1 }, but: 'at', want: true },
  ])
    it(`${want ? 'takes' : 'tells apart'} ${name}`, () =>
      assert.equal(saysTheSame(one, other, ...(but === undefined ? [] : [but])), want));
});
