import assert from 'node:assert/strict';
import { cutFields } from '../../../../src/policy/objects/cut-fields.ts';

const cases: readonly { name: string; applied: unknown; stored: unknown; want: readonly string[] }[] = [
  { name: 'nothing where all is there', applied: { a: 1 }, stored: { a: 1 }, want: [] },
  {
    name: 'a field that the kind does not know',
    applied: { rules: [{ form: [] }, { form: [{ a: 1 }] }] },
    stored: { rules: [{}, {}] },
    want: ['spec.rules[1].form'],
  },
  { name: 'no null and nothing empty', applied: { a: null, b: [], c: {} }, stored: {}, want: [] },
  { name: 'nothing that the server added', applied: {}, stored: { a: 1 }, want: [] },
  { name: 'no value that is another', applied: { a: 1 }, stored: { a: 2 }, want: [] },
  {
    name: 'what is false or zero',
    applied: { a: false, b: 0, c: '' },
    stored: {},
    want: ['spec.a', 'spec.b', 'spec.c'],
  },
  {
    name: 'a name that every object has',
    applied: { a: { constructor: 1 } },
    stored: { a: {} },
    want: ['spec.a.constructor'],
  },
];

describe('cutFields', () => {
  for (const { name, applied, stored, want } of cases)
    it(`finds ${name}`, () => assert.deepEqual(cutFields({ spec: applied }, { spec: stored }), want));

  it('finds ten at most', () => {
    const applied = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, i]));
    assert.equal(cutFields({ spec: applied }, { spec: {} }).length, 10);
  });
});
