import assert from 'node:assert/strict';
import { finish } from '../../../../../src/lib/work.ts';
import { CoverCache } from '../../../../../src/policy/compile/index/cover-cache.ts';
import type { Expr } from '../../../../../src/policy/model.ts';

/** A rule of one method out of few, and a path that is its own. */
const rule = (i: number) => ({
  condition: {
    op: 'all',
    of: [
      { op: 'text', fact: { of: 'method' }, any: [{ is: 'exact', value: i % 2 === 0 ? 'GET' : 'POST' }] },
      { op: 'text', fact: { of: 'path' }, any: [{ is: 'exact', value: `/${i}` }] },
    ],
  } satisfies Expr,
  unknownHolds: false,
});
const rules = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => rule(from + i));

describe('CoverCache', () => {
  const before = rules(0, 1_000);

  it('keeps the measurement while few rules are new, and indexes those by it', () => {
    const covers = new CoverCache();
    const first = finish(covers.for('a', before));
    for (const each of before) first.coverOf(each);
    const edited = before.with(7, rule(5_000));
    const second = finish(covers.for('a', edited));
    assert.equal(second, first);
    assert.deepEqual(
      second.coverOf(edited[7]!)?.keys.map(({ value }) => value),
      ['/5000'],
    );
    assert.equal(second.coverOf(before[8]!), first.coverOf(before[8]!));
  });

  const differ: readonly (readonly [string, ReturnType<typeof rules>])[] = [
    ['many came', rules(0, 1_051)],
    ['many went', before.slice(51)],
  ];
  for (const [what, after] of differ) {
    it(`measures again when ${what}`, () => {
      const covers = new CoverCache();
      assert.notEqual(finish(covers.for('a', before)), finish(covers.for('a', after)));
    });
  }

  it('measures again when many were edited, one after the other', () => {
    const covers = new CoverCache();
    const first = finish(covers.for('a', before));
    for (const each of [...before, ...rules(2_000, 2_050)]) first.coverOf(each);
    assert.equal(finish(covers.for('a', before)), first);
    first.coverOf(rule(3_000));
    assert.notEqual(finish(covers.for('a', before)), first);
  });

  it('measures few rules each time, and forgets what is not asked for any more', () => {
    const covers = new CoverCache();
    const few = rules(0, 100);
    assert.notEqual(finish(covers.for('few', few)), finish(covers.for('few', few)));
    const first = finish(covers.for('a', before));
    covers.retain();
    assert.equal(finish(covers.for('a', before)), first);
    covers.retain();
    covers.retain();
    assert.notEqual(finish(covers.for('a', before)), first);
  });
});
