import assert from 'node:assert/strict';
import { nearest } from '../../../src/lib/nearest.ts';

describe('nearest', () => {
  const known = ['principals', 'notPrincipals', 'namespaces', 'from', 'to', 'when'];
  const table: readonly [word: string, want: string | undefined][] = [
    ['principal', 'principals'],
    ['Principals', 'principals'],
    ['not_principals', 'notPrincipals'],
    ['namesapces', 'namespaces'],
    ['form', 'from'],
    ['selector', undefined],
    ['', undefined],
    ['x'.repeat(1000), undefined],
  ];
  for (const [word, want] of table) {
    it(`finds ${String(want)} for ${JSON.stringify(word.slice(0, 20))}`, () =>
      assert.equal(nearest(word, known), want));
  }
});
