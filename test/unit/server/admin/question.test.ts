import assert from 'node:assert/strict';
import { routeOf } from '../../../../src/server/admin/handlers.ts';
import { readQuestion } from '../../../../src/server/admin/question.ts';

function read(route: string, query: string, body?: unknown): unknown {
  const [method = '', path = ''] = route.split(' ');
  return readQuestion(routeOf(method, path), { query: new URLSearchParams(query), body });
}

describe('readQuestion', () => {
  const good: readonly { route: string; query?: string; body?: unknown; want: object }[] = [
    { route: 'GET /v1/audit', want: { limit: 100 } },
    { route: 'GET /v1/audit', query: 'limit=7&limit=8', want: { limit: 7 } },
    { route: 'GET /v1/ledger', query: 'kind=jwt&x=1', want: { kind: 'jwt', limit: 100 } },
    { route: 'GET /v1/decisions/abc', query: 'id=other', want: { id: 'abc' } },
    { route: 'GET /v1/entries/explain', query: 'pid=12', want: { pid: 12 } },
    {
      route: 'GET /v1/authorities/gate',
      query: 'verb=taint',
      want: { verb: 'taint', use: 'x509', authorityId: '', limit: 1_000 },
    },
    { route: 'POST /v1/rehearsal', want: { use: 'x509' } },
    { route: 'POST /v1/rehearsal', query: 'use=jwt', body: null, want: { use: 'x509' } },
    { route: 'POST /v1/backup', body: {}, want: {} },
    { route: 'POST /v1/explain', body: { checkRequest: 'AA==' }, want: { checkRequest: 'AA==' } },
  ];
  for (const { route, query = '', body, want } of good)
    it(`reads ${route}?${query} ${JSON.stringify(body) ?? ''}`, () => assert.deepEqual(read(route, query, body), want));

  const bad: readonly { route: string; query?: string; body?: unknown; message: string }[] = [
    ...['0', '10001', 'x', '', '-1', '1e3', '007'].map((limit) => ({
      route: 'GET /v1/audit',
      query: `limit=${limit}`,
      message: 'limit must be a number from 1 to 10000',
    })),
    { route: 'GET /v1/decisions', query: 'limit=2049', message: 'limit must be a number from 1 to 2048' },
    { route: 'GET /v1/authorities', query: 'limit=10001', message: 'limit must be a number from 1 to 10000' },
    ...['', '%2F%2F'].map((page) => ({
      route: 'GET /v1/authorities/gate',
      query: `verb=taint&page=${page}`,
      message: 'page must be what `next` of the page before said',
    })),
    {
      route: 'GET /v1/authorities/gate',
      message: 'verb must be one of prepare, activate, taint, revoke, undo',
    },
    { route: 'GET /v1/authorities/gate', query: 'verb=taint&use=ssh', message: 'use must be x509 or jwt' },
    { route: 'GET /v1/ledger', query: 'kind=x500', message: 'kind must be x509 or jwt' },
    { route: 'GET /v1/ledger', query: 'unexpired=yes', message: 'unexpired must be true or false' },
    ...['serial', 'authorityId'].flatMap((name) =>
      ['zz', '', 'AB', '0'.repeat(65)].map((value) => ({
        route: 'GET /v1/ledger',
        query: `${name}=${value}`,
        message: `${name} must be lower-case hex of at most 64 digits`,
      })),
    ),
    { route: 'GET /v1/entries/explain', query: 'pid=-1', message: 'pid must be a number' },
    ...['headers', 'x'].map((name) => ({
      route: 'POST /v1/explain',
      body: JSON.parse(`{ "request": { "http": { "${name}": { "a": "b", "__proto__": "c" } } } }`),
      message: `the request is not one: http.${name}.__proto__: no name may be __proto__`,
    })),
    ...['{ "source": { "labels": { "__proto__": "c" } } }', '{ "source": { "labels": { "__proto__": {} } } }'].map(
      (body) => ({
        route: 'POST /v1/explain',
        body: JSON.parse(body),
        message: 'the request is not one: source.labels.__proto__: no name may be __proto__',
      }),
    ),
    {
      route: 'POST /v1/explain',
      body: JSON.parse('{ "contextExtensions": { "__proto__": "c" } }'),
      message: 'the request is not one: contextExtensions.__proto__: no name may be __proto__',
    },
    {
      route: 'POST /v1/explain',
      body: JSON.parse('{ "pair": { "from": "a", "to": "b", "http": { "headers": { "__proto__": "c" } } } }'),
      message: 'the pair is none: http.headers.__proto__: no name may be __proto__',
    },
    { route: 'POST /v1/rehearsal', body: { use: 'ssh' }, message: 'use: must be x509 or jwt' },
    { route: 'POST /v1/rehearsal', body: { uses: 'jwt' }, message: 'the body: Unrecognized key: "uses"' },
    { route: 'POST /v1/explain', message: 'send a request: { "source": …, "destination": …, "http": … }' },
    {
      route: 'POST /v1/explain',
      body: { checkRequest: 1 },
      message: 'checkRequest must be the bytes of a CheckRequest in base64',
    },
  ];
  for (const { route, query = '', body, message } of bad)
    it(`refuses ${route}?${query} ${JSON.stringify(body) ?? ''}`, () =>
      assert.throws(() => read(route, query, body), { code: 'message_invalid', message }));

  for (const route of [
    'GET /v1/decisions/',
    'GET /v1/decisions/{id}/x',
    'PUT /v1/status',
    'GET /v1/nothing',
    'GET /__proto__',
  ])
    it(`knows no ${route}`, () => assert.throws(() => read(route, ''), { code: 'not_found' }));

  it('takes the name of a field in a path for a decision of that name', () =>
    assert.deepEqual(read('GET /v1/decisions/{id}', ''), { id: '{id}' }));
});
