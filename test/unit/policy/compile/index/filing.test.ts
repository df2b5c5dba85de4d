import assert from 'node:assert/strict';
import { finish } from '../../../../../src/lib/work.ts';
import { Filings } from '../../../../../src/policy/compile/index/filing.ts';
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

describe('Filings', () => {
  const before = rules(0, 1_000);

  it('keep the measurement while few rules are new, and file those by it', () => {
    const filings = new Filings();
    const first = finish(filings.for('a', before));
    for (const each of before) first.coverOf(each);
    const edited = before.with(7, rule(5_000));
    const second = finish(filings.for('a', edited));
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
    it(`measure again when ${what}`, () => {
      const filings = new Filings();
      assert.notEqual(finish(filings.for('a', before)), finish(filings.for('a', after)));
    });
  }

  it('measure again when many were edited, one after the other', () => {
    const filings = new Filings();
    const first = finish(filings.for('a', before));
    for (const each of [...before, ...rules(2_000, 2_050)]) first.coverOf(each);
    assert.equal(finish(filings.for('a', before)), first);
    first.coverOf(rule(3_000));
    assert.notEqual(finish(filings.for('a', before)), first);
  });

  it('measure few rules each time, and forget what is not asked for any more', () => {
    const filings = new Filings();
    const few = rules(0, 100);
    assert.notEqual(finish(filings.for('few', few)), finish(filings.for('few', few)));
    const first = finish(filings.for('a', before));
    filings.retain();
    assert.equal(finish(filings.for('a', before)), first);
    filings.retain();
    filings.retain();
    assert.notEqual(finish(filings.for('a', before)), first);
  });
});
