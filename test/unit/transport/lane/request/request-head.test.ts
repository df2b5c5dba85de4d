import assert from 'node:assert/strict';
import { HeadReader, parseGrpcTimeout } from '../../../../../src/transport/lane/request/request-head.ts';

const call: readonly (readonly [string, string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a.B/C'],
  ['content-type', 'application/grpc'],
];
const reader = new HeadReader(new Map([['/a.B/C', 'the method']]), 1_000);

function read(fields: readonly (readonly [string, string])[]) {
  reader.begin();
  for (const [name, value] of fields) reader.field(name, value);
  return reader.head();
}

describe('HeadReader', () => {
  it('reads a call', () => {
    const more = [
      ['te', 'trailers'],
      ['grpc-timeout', '200m'],
      ['grpc-encoding', 'gzip'],
      ['content-length', '17'],
    ] as const;
    const { metadata, ...head } = read([...call, ...more]);
    assert.deepEqual(metadata.get('te'), []);
    assert.deepEqual(head, {
      verdict: 'call',
      path: '/a.B/C',
      method: 'the method',
      call: undefined,
      bytes: 256,
      isHead: false,
      timeoutMs: 200,
      timeoutText: '200m',
      encoding: 'gzip',
      contentLength: 17,
    });
  });

  it('keeps the fields of a call for a method that may ask for them, and counts them', () => {
    const calls = new HeadReader(new Map(), 1_000, new Map([['/a.B/C', 'the call']]));
    const read = (...more: readonly (readonly [string, string])[]) => {
      calls.begin();
      for (const [name, value] of [...call, ...more]) calls.field(name, value);
      return calls.head();
    };
    const one = read(['te', 'trailers'], ['x', '1'], ['y', '2'], ['x', '3']);
    assert.deepEqual([one.verdict, one.method, one.call, one.bytes], ['call', undefined, 'the call', 4_096 + 3 * 34]);
    assert.deepEqual([one.metadata.get('x'), one.metadata.get('te'), one.metadata.get('z')], [['1', '3'], [], []]);
    const other = read();
    assert.deepEqual([other.bytes, other.metadata.get('x')], [4_096, []]);
    assert.deepEqual(one.metadata.get('x'), ['1', '3'], 'the first keeps its own');
  });

  it('reads a call that says no more than it must', () => {
    const { verdict, timeoutMs, encoding, contentLength } = read(call);
    assert.deepEqual(
      { verdict, timeoutMs, encoding, contentLength },
      { verdict: 'call', timeoutMs: -1, encoding: 'identity', contentLength: -1 },
    );
  });

  const without = (name: string) => call.filter(([each]) => each !== name);
  const instead = (name: string, value: string) =>
    call.map(([each, old]) => [each, each === name ? value : old] as const);
  const verdicts = [
    {
      name: 'a codec behind application/grpc',
      fields: instead('content-type', 'application/grpc+proto'),
      want: 'call',
    },
    {
      name: 'parameters behind application/grpc',
      fields: instead('content-type', 'application/grpc;a=b'),
      want: 'call',
    },
    { name: 'application/grpc-web', fields: instead('content-type', 'application/grpc-web'), want: 'not_grpc' },
    { name: 'application/json', fields: instead('content-type', 'application/json'), want: 'not_grpc' },
    { name: 'no content-type', fields: without('content-type'), want: 'not_grpc' },
    { name: 'GET', fields: instead(':method', 'GET'), want: 'not_post' },
    { name: 'an unknown path', fields: instead(':path', '/a.B/D'), want: 'unknown_method' },
    { name: 'an empty path', fields: instead(':path', ''), want: 'malformed' },
    { name: 'no path', fields: without(':path'), want: 'malformed' },
    { name: 'no scheme', fields: without(':scheme'), want: 'malformed' },
    { name: 'no method', fields: without(':method'), want: 'malformed' },
    { name: 'a pseudo-field twice', fields: [[':path', '/a.B/C'], ...call], want: 'malformed' },
    { name: 'a pseudo-field behind others', fields: [...call, [':authority', 'here']], want: 'malformed' },
    { name: 'a pseudo-field of responses', fields: [[':status', '200'], ...call], want: 'malformed' },
    { name: 'an unknown pseudo-field', fields: [[':constructor', 'x'], ...call], want: 'malformed' },
    { name: 'an upper-case name', fields: [...call, ['X-A', 'b']], want: 'malformed' },
    { name: 'an empty name', fields: [...call, ['', 'b']], want: 'malformed' },
    { name: 'a name with a space', fields: [...call, ['a b', 'b']], want: 'malformed' },
    { name: 'a value with a line break', fields: [...call, ['a', 'b\r\nc']], want: 'malformed' },
    { name: 'a value with a zero byte', fields: [...call, ['a', 'b\0c']], want: 'malformed' },
    { name: 'a value that is not ASCII', fields: [...call, ['a', '\xff']], want: 'call' },
    { name: 'connection', fields: [...call, ['connection', 'close']], want: 'malformed' },
    { name: 'transfer-encoding', fields: [...call, ['transfer-encoding', 'chunked']], want: 'malformed' },
    { name: 'te: gzip', fields: [...call, ['te', 'gzip']], want: 'malformed' },
    {
      name: 'a malformed field before te: trailers',
      fields: [...call, ['A', 'b'], ['te', 'trailers']],
      want: 'malformed',
    },
    { name: 'a content-length that is no number', fields: [...call, ['content-length', '-1']], want: 'malformed' },
    {
      name: 'two content-lengths',
      fields: [...call, ['content-length', '1'], ['content-length', '2']],
      want: 'malformed',
    },
    { name: 'a list above the limit', fields: [...call, ['a', 'b'.repeat(1_000)]], want: 'too_large' },
  ] as const;
  for (const { name, fields, want } of verdicts) {
    it(`takes ${name} for ${want}`, () => assert.equal(read(fields).verdict, want));
  }

  it('forgets the request before', () => {
    read([...call, ['grpc-timeout', '1S'], ['content-length', '5'], ['X', 'bad']]);
    assert.equal(read(call).verdict, 'call');
    assert.equal(read(call).timeoutMs, -1);
    assert.equal(read(without(':path')).path, '');
  });

  it('takes trailers without pseudo-fields only', () => {
    reader.begin();
    reader.field('a', 'b');
    assert.equal(reader.trailersAreSound(), true);
    reader.field(':path', '/');
    assert.equal(reader.trailersAreSound(), false);
  });
});

describe('parseGrpcTimeout', () => {
  const table = [
    { input: '200m', want: 200 },
    { input: '2H', want: 7_200_000 },
    { input: '3M', want: 180_000 },
    { input: '99999999S', want: 99_999_999_000 },
    { input: '500u', want: 0.5 },
    { input: '0n', want: 0 },
    { input: '100000000m', want: Number.NaN },
    { input: '5', want: Number.NaN },
    { input: 'm', want: Number.NaN },
    { input: '-5m', want: Number.NaN },
    { input: '5 m', want: Number.NaN },
    { input: '5mm', want: Number.NaN },
    { input: '1.5S', want: Number.NaN },
    { input: '5s', want: Number.NaN },
  ];
  for (const { input, want } of table) {
    it(`reads ${JSON.stringify(input)} as ${want} ms`, () => assert.equal(parseGrpcTimeout(input), want));
  }
});
