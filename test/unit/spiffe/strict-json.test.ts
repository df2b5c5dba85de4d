import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JsonRefused, readStrictJson } from '../../../src/spiffe/strict-json.ts';

describe('readStrictJson', () => {
  const refused: readonly { name: string; input: string; want: RegExp }[] = [
    { name: 'no JSON', input: '{', want: /not JSON/ },
    { name: 'nothing', input: '', want: /not JSON/ },
    { name: 'a name twice', input: '{"a":1,"b":2,"a":1}', want: /"a" twice/ },
    { name: 'a name twice, written in two ways', input: String.raw`{"a":1,"\u0061":2}`, want: /"a" twice/ },
    { name: 'a name twice in an object of a list', input: '{"keys":[{"a":[1,2],"a":{}}]}', want: /"a" twice/ },
    { name: '__proto__ twice', input: '{"__proto__":1,"__proto__":2}', want: /twice/ },
    { name: 'a name twice behind nested objects', input: '{"a":{"b":{}},"c":[[]],"a":0}', want: /"a" twice/ },
  ];
  for (const { name, input, want } of refused)
    it(`refuses ${name}`, () => {
      assert.throws(
        () => readStrictJson(input),
        (error: unknown) => error instanceof JsonRefused && want.test(error.message),
      );
    });

  it('takes one name in several objects, and as a value', () => {
    const text = '{"a":"a","b":{"a":"b"},"c":[{"a":1},{"a":"\\"a\\":1,"}]}';
    assert.deepEqual(readStrictJson(text).value, JSON.parse(text));
  });

  it('tells numbers of the outermost object as they are written', () => {
    const { numbers } = readStrictJson(
      '{ "big" : 18446744073709551615 , "list":[1], "in":{"x":2}, "half":1.50, "t":"3" }',
    );
    assert.deepEqual(
      [...numbers],
      [
        ['big', '18446744073709551615'],
        ['half', '1.50'],
      ],
    );
  });

  it('bears nesting as deep as JSON.parse does, and a megabyte in one string', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    assert.doesNotThrow(() => readStrictJson(`{"a":${deep}}`));
    assert.doesNotThrow(() => readStrictJson(JSON.stringify({ a: '\\"'.repeat(500_000) })));
  });

  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(readStrictJson(text).value, JSON.parse(text));
      }),
    );
  });
});
