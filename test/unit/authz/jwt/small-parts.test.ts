import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isForUs, plainAudience } from '../../../../src/authz/jwt/audiences.ts';
import { decodeBase64Url } from '../../../../src/authz/jwt/base64url.ts';
import { claimText } from '../../../../src/authz/jwt/claim-text.ts';
import { claimStrings } from '../../../../src/authz/jwt/claims.ts';
import { cookiesOf } from '../../../../src/authz/jwt/cookies.ts';
import { parseJsonObject } from '../../../../src/authz/jwt/json.ts';
import { parametersOf, withoutParameter } from '../../../../src/authz/jwt/query.ts';

const claims = (text: string) => parseJsonObject(text) ?? assert.fail(`${text} is no object`);

describe('decodeBase64Url', () => {
  const table = [
    { text: 'QUJD', want: 'ABC' },
    { text: 'QUI', want: 'AB' },
    { text: 'QUI=', want: 'AB' },
    { text: 'QQ==', want: 'A' },
    { text: 'Q U\tJ\nD', want: 'ABC' },
    { text: 'QR', want: 'A' },
    { text: '-_', want: '\xfb' },
    { text: '', want: '' },
    { text: 'Q', want: undefined },
    { text: 'QQ=', want: undefined },
    { text: 'QUJD=', want: undefined },
    { text: 'QQ==QQ', want: undefined },
    { text: '+/', want: undefined },
    { text: '\xe9\xe9', want: undefined },
  ];
  for (const { text, want } of table) it(JSON.stringify(text), () => assert.equal(decodeBase64Url(text), want));
});

describe('plainAudience', () => {
  const table = {
    'http://a/': 'a',
    'https://a': 'a',
    'a/': 'a',
    'HTTP://a': 'HTTP://a',
    'http://': '',
    '/': '',
    'a//': 'a/',
  };
  for (const [audience, want] of Object.entries(table)) it(audience, () => assert.equal(plainAudience(audience), want));
  it('accepts every audience if none is asked for, and none if there is none', () => {
    assert.equal(isForUs(new Set(), []), true);
    assert.equal(isForUs(new Set(['a']), []), false);
  });
});

describe('claimText', () => {
  const table = [
    { json: '{"a":"x y"}', want: 'x y' },
    { json: '{"a":1}', want: '1' },
    { json: '{"a":-1}', want: '-1.000000' },
    { json: '{"a":1.5}', want: '1.500000' },
    { json: '{"a":9007199254740993}', want: '9007199254740992' },
    { json: '{"a":true}', want: 'true' },
    { json: '{"a":["x"]}', want: Buffer.from('["x"]').toString('base64') },
    { json: '{"a":null}', want: undefined },
    { json: '{"a":""}', want: undefined },
    { json: '{"a":"x\\r\\ny: z"}', want: undefined },
    { json: '{"a":"x\\u0000"}', want: undefined },
    { json: '{}', want: undefined },
  ];
  for (const { json, want } of table) it(json, () => assert.equal(claimText(claims(json), 'a'), want));
  it('goes into objects by dots', () => assert.equal(claimText(claims('{"a":{"b":"x"},"a.b":"y"}'), 'a.b'), 'x'));
});

describe('claimStrings', () => {
  const json = '{"a":["x",1,"y",["z"]],"b":{"c":"d"},"e":5,"__proto__":"f"}';
  const table = [
    { path: ['a'], want: ['x', 'y'] },
    { path: ['b', 'c'], want: ['d'] },
    { path: ['b'], want: [] },
    { path: ['e'], want: [] },
    { path: ['a', '0'], want: [] },
    { path: ['constructor'], want: [] },
    { path: ['__proto__'], want: ['f'] },
  ];
  for (const { path, want } of table)
    it(path.join('.'), () => assert.deepEqual(claimStrings(claims(json), path), want));
});

describe('cookiesOf', () => {
  const table = [
    { lines: ['a=1; jwt=x; jwt=y'], want: 'x' },
    { lines: ['a=1', ' jwt="x"'], want: 'x' },
    { lines: ['jwt=x=y'], want: 'x=y' },
    { lines: ['jwt='], want: '' },
    { lines: ['jwt', 'xjwt=1', '\tjwt=2'], want: undefined },
  ];
  for (const { lines, want } of table) it(lines.join(' | '), () => assert.equal(cookiesOf(lines).get('jwt'), want));
});

describe('parametersOf and withoutParameter', () => {
  const table = [
    { query: 't=x&t=y', first: 'x', rest: '/p' },
    { query: 'b=1&t=x&a=%20', first: 'x', rest: '/p?a= &b=1' },
    { query: '%74=x+y', first: 'x+y', rest: '/p' },
    { query: 't', first: '', rest: '/p' },
    { query: 'T=x&', first: undefined, rest: '/p?T=x' },
    { query: 't=%zz%2', first: '%zz%2', rest: '/p' },
  ];
  for (const { query, first, rest } of table) {
    it(query, () => {
      assert.equal(parametersOf(query).get('t'), first);
      assert.equal(withoutParameter(`/p?${query}`, 't'), rest);
    });
  }
});
