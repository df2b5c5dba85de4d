import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { answerDocument, shelfOf } from '../../../../src/server/documents/answer-document.ts';

const shelf = shelfOf([{ path: '/keys', type: 'application/jwk-set+json', body: '{"keys":[]}', maxAgeSeconds: 60 }]);
const etag = shelf.get('/keys')!.etag;

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function ask(asked: Asked, hasDocuments = true) {
  const server = createServer((each, response) => answerDocument(each, response, hasDocuments ? shelf : undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { method = 'GET', path = '/keys', headers = {}, body } = asked;
    return await new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const sent = request({ port, method, path, headers }, (response) => {
        void text(response).then((got) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: got }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  } finally {
    server.close();
  }
}

describe('a public document', () => {
  const cases: readonly { name: string; asked: Asked; status: number; body: string }[] = [
    { name: 'GET', asked: {}, status: 200, body: '{"keys":[]}' },
    { name: 'HEAD', asked: { method: 'HEAD' }, status: 200, body: '' },
    { name: 'a query', asked: { path: '/keys?x=1' }, status: 200, body: '{"keys":[]}' },
    { name: 'another host', asked: { headers: { host: 'elsewhere.example' } }, status: 200, body: '{"keys":[]}' },
    { name: 'what it has', asked: { headers: { 'if-none-match': `"a", W/${etag}` } }, status: 304, body: '' },
    { name: 'whatever it has', asked: { headers: { 'if-none-match': '*' } }, status: 304, body: '' },
    { name: 'another one', asked: { headers: { 'if-none-match': '"a"' } }, status: 200, body: '{"keys":[]}' },
    { name: 'POST', asked: { method: 'POST', body: 'x' }, status: 405, body: 'only GET and HEAD\n' },
    { name: 'another path', asked: { path: '/keys/' }, status: 404, body: 'no such document\n' },
    { name: 'a path with dots', asked: { path: '/x/../keys' }, status: 404, body: 'no such document\n' },
  ];
  for (const { name, asked, status, body } of cases) {
    it(`answers ${name} with ${status}`, async () => {
      const got = await ask(asked);
      assert.deepEqual([got.status, got.body], [status, body]);
      assert.equal(got.headers['x-content-type-options'], 'nosniff');
    });
  }

  it('says how long it may be kept, and under which name', async () => {
    const { headers } = await ask({});
    assert.deepEqual(
      [headers['cache-control'], headers['etag'], headers['content-type']],
      ['public, max-age=60', etag, 'application/jwk-set+json'],
    );
  });

  it('is to be asked for again while there is none', async () => {
    const { status, headers } = await ask({}, false);
    assert.deepEqual([status, headers['retry-after'], headers['cache-control']], [503, '5', 'no-store']);
  });

  it('is one answer to a request whose body is itself a request', async () => {
    const server = createServer((each, response) => answerDocument(each, response, shelf));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const inner = 'GET /keys HTTP/1.1\r\nhost: a\r\n\r\n';
    socket.end(`GET /keys HTTP/1.1\r\nhost: a\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`);
    const got = await text(socket);
    server.close();
    assert.equal(got.match(/HTTP\/1\.1/g)?.length, 1);
    assert.match(got, /connection: close/i);
  });
});
