import assert from 'node:assert/strict';
import { nearest, nearestSearch } from '../../../src/lib/nearest.ts';

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

describe('nearestSearch', () => {
  const ids = [
    'spiffe://cluster.local/ns/default/sa/details',
    'spiffe://cluster.local/ns/default/sa/reviews',
    `spiffe://cluster.local/ns/default/sa/${'long'.repeat(100)}`,
  ];
  const table: readonly [name: string, want: string | undefined][] = [
    ['spiffe://cluster.local/ns/default/sa/revuews', ids[1]],
    ['spiffe://cluster.local/ns/default/sa/Reviews', ids[1]],
    ['spiffe://cluster.local/ns/default/sa/reveiws', ids[1]],
    ['spiffe://cluster.local/ns/default/sa/detail', ids[0]],
    ['spiffe://cluster.local/ns/default/sa/details', ids[0]],
    [`${ids[2]!.slice(0, -1)}x`, ids[2]],
    ['spiffe://cluster.local/ns/default/sa/ratings', undefined],
    ['', undefined],
  ];
  for (const [name, want] of table) {
    it(`finds ${String(want).slice(-12)} for ${JSON.stringify(name.slice(-12))}`, () => {
      const search = nearestSearch(name, 3);
      for (const id of ids) search.see(id);
      assert.equal(search.found(), want);
    });
  }
});
