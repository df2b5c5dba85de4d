import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cacheKey, createTokenCache, type KnownToken } from '../../../../src/authz/jwt/token-cache.ts';

const parts = { iss: '', sub: '', kid: '', nbf: 0, exp: 0, payload: new Map(), payloadText: '' };
const good: KnownToken = { fault: undefined, token: parts, claims: new Map(), status: 'ok' };
const bad: KnownToken = { fault: undefined, token: parts, claims: new Map(), status: 'verificationFails' };
const junk: KnownToken = { fault: 'badFormat' };

describe('createTokenCache', () => {
  it('never evicts good tokens for bad ones', () => {
    const cache = createTokenCache(100_000);
    cache.put('good', good, 500);
    for (let i = 0; i < 10_000; i++) cache.put(`bad ${i}`, i % 2 === 0 ? bad : junk, 1000);
    assert.equal(cache.get('good'), good);
    assert.equal(cache.get('bad 0'), undefined);
    assert.equal(cache.get('bad 9999'), junk);
  });

  it('stays within its bytes and keeps what was used last', () => {
    const cache = createTokenCache(100_000);
    for (let i = 0; i < 1000; i++) {
      cache.put(`${i}`, good, 100);
      cache.get('0');
      assert.ok(cache.size.good + cache.size.bad <= 100_000);
    }
    assert.equal(cache.get('0'), good);
    assert.equal(cache.get('1'), undefined);
    assert.equal(cache.get('999'), good);
  });

  it('does not keep what is larger than its room', () => {
    const cache = createTokenCache(10_000);
    cache.put('large', good, 16_000);
    assert.equal(cache.get('large'), undefined);
    assert.deepEqual(cache.size, { good: 0, bad: 0 });
  });

  it('counts what is put twice once', () => {
    const cache = createTokenCache(1e6);
    cache.put('a', good, 100);
    const { good: once } = cache.size;
    cache.put('a', good, 100);
    assert.equal(cache.size.good, once);
  });
});

describe('cacheKey', () => {
  it('differs by token, rule and generation', () => {
    const keys = [
      cacheKey('t', 1, 1),
      cacheKey('u', 1, 1),
      cacheKey('t', 2, 1),
      cacheKey('t', 1, 2),
      cacheKey('1.t', 1, 1),
      cacheKey('t', 11, 1),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });
});
