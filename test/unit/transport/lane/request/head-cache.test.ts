import assert from 'node:assert/strict';
import { HeadCache } from '../../../../../src/transport/lane/request/head-cache.ts';
import { HeadReader } from '../../../../../src/transport/lane/request/request-head.ts';

const reader = new HeadReader(new Map<string, string>(), 1_000);
const head = reader.head();
const block = Buffer.from('a block');

describe('HeadCache', () => {
  it('finds the same bytes at the same version, wherever they lie', () => {
    const cache = new HeadCache<string>();
    cache.keep(block, 0, block.length, 3, head);
    assert.equal(cache.find(Buffer.from('..a block.'), 2, 9, 3), head);
  });

  it('does not find them at another version of the dynamic table', () => {
    const cache = new HeadCache<string>();
    cache.keep(block, 0, block.length, 3, head);
    assert.equal(cache.find(block, 0, block.length, 4), undefined);
  });

  it('does not find other bytes of the same length, or a part', () => {
    const cache = new HeadCache<string>();
    cache.keep(block, 0, block.length, 3, head);
    assert.equal(cache.find(Buffer.from('A block'), 0, 7, 3), undefined);
    assert.equal(cache.find(block, 0, 6, 3), undefined);
  });

  it('keeps a copy: the bytes it was given may change', () => {
    const cache = new HeadCache<string>();
    const given = Buffer.from(block);
    cache.keep(given, 0, given.length, 3, head);
    given.fill(0);
    assert.equal(cache.find(block, 0, block.length, 3), head);
  });

  it('keeps eight, the latest', () => {
    const cache = new HeadCache<string>();
    for (let n = 0; n < 9; n += 1) cache.keep(Buffer.from([n]), 0, 1, 3, head);
    assert.equal(cache.find(Buffer.from([0]), 0, 1, 3), undefined);
    assert.equal(cache.find(Buffer.from([1]), 0, 1, 3), head);
    assert.equal(cache.find(Buffer.from([8]), 0, 1, 3), head);
  });

  it('finds the latest where an older one was, shorter and longer', () => {
    const cache = new HeadCache<string>();
    const heads = Array.from({ length: 24 }, () => reader.head());
    for (const [n, each] of heads.entries())
      cache.keep(Buffer.alloc(100 + (n % 3) * 50, n), 0, 100 + (n % 3) * 50, 3, each);
    for (let n = 16; n < 24; n += 1) {
      assert.equal(cache.find(Buffer.alloc(100 + (n % 3) * 50, n), 0, 100 + (n % 3) * 50, 3), heads[n]);
      assert.equal(cache.find(Buffer.alloc(99, n), 0, 99, 3), undefined);
    }
    assert.equal(cache.find(Buffer.alloc(100, 15), 0, 100, 3), undefined);
  });

  it('keeps no block above 1,024 bytes', () => {
    const cache = new HeadCache<string>();
    cache.keep(Buffer.alloc(1_025), 0, 1_025, 3, head);
    assert.equal(cache.find(Buffer.alloc(1_025), 0, 1_025, 3), undefined);
  });
});
