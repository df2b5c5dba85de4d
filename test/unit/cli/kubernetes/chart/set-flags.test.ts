import assert from 'node:assert/strict';
import { applySet } from '../../../../../src/cli/kubernetes/chart/set-flags.ts';

describe('applySet', () => {
  const cases = [
    { name: 'a text', flag: 'a=b', want: { a: 'b' } },
    { name: 'below keys', flag: 'a.b.c=d', want: { a: { b: { c: 'd' } } } },
    { name: 'several', flag: 'a=b,c=d', want: { a: 'b', c: 'd' } },
    {
      name: 'numbers, words and texts',
      flag: 'a=1,b=true,c=null,d=01,e=',
      want: { a: 1, b: true, c: null, d: '01', e: '' },
    },
    { name: 'a list', flag: 'a={x,1},b={}', want: { a: ['x', 1], b: [] } },
    { name: 'places of a list', flag: 'a[0].b=c,a[1].b=d', want: { a: [{ b: 'c' }, { b: 'd' }] } },
    { name: 'what a backslash protects', flag: 'a\\.b=c\\,d', want: { 'a.b': 'c,d' } },
    { name: 'an = in a value', flag: 'a=b=c', want: { a: 'b=c' } },
    { name: 'a map in place of a text', flag: 'a=b,a.c=d', want: { a: { c: 'd' } } },
  ];
  for (const { name, flag, want } of cases)
    it(`reads ${name}: ${flag}`, () => {
      const values = {};
      applySet(values, flag);
      assert.deepEqual(values, want);
    });

  for (const flag of ['a', '=b', 'a.=b', 'a[100000]=b', 'a[1]=b', '__proto__.x=1', 'a.constructor.prototype.x=1'])
    it(`refuses ${flag}`, () => {
      assert.throws(() => applySet({}, flag), { code: 'config_invalid' });
      assert.equal(({} as { x?: number }).x, undefined); // nothing of it is everywhere
    });
});
