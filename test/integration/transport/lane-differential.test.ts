import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { Client, credentials, Metadata, Server, ServerCredentials, type ServiceError } from '@grpc/grpc-js';
import { createGrpcServer } from '../../../src/transport/grpc-js/grpc-server.ts';
import { createLane, type Lane } from '../../../src/transport/lane/lane.ts';
import type { GrpcRefusal } from '../../../src/transport/lane/method.ts';
import { type Connection, recordConnection } from '../../../src/transport/listen/connections.ts';
import { usualCalls } from '../../support/lane-calls.ts';
import { bigReply, checkPath, laneMethods } from '../../support/lane-methods.ts';
import { grpcMessage } from '../../support/raw-h2.ts';

/** The same methods, on grpc-js. */
function grpcJsServer(): Server {
  const server = new Server();
  for (const [path, method] of laneMethods) {
    const bytes = (value: Buffer): Buffer => value;
    server.register(
      path,
      (call: { request: Buffer }, done: (error: object | null, reply?: Buffer) => void) => {
        void (async () => method(call.request, 'peer'))().then(
          (reply) => {
            if (reply instanceof Uint8Array) done(null, Buffer.from(reply));
            else done({ code: (reply as GrpcRefusal).status, details: (reply as GrpcRefusal).message });
          },
          () => done({ code: 13, details: 'Internal error' }),
        );
      },
      bytes,
      bytes,
      'unary',
    );
  }
  return server;
}

/** What a caller sees of an answer. */
interface Seen {
  readonly http: number | undefined;
  readonly status: string | undefined;
  readonly text: string | undefined;
  readonly body: string;
  /** Names of trailers; for an answer without a message they are headers. */
  readonly trailers: readonly string[];
}

/** Sends `body` in pieces over node:http2, which checks much of the protocol itself. */
async function ask(
  session: ClientHttp2Session,
  headers: IncomingHttpHeaders,
  ...pieces: readonly Buffer[]
): Promise<Seen> {
  const stream = session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', ...headers });
  let first: IncomingHttpHeaders = {};
  let last: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on('response', (fields) => {
    first = fields;
  });
  stream.on('trailers', (fields) => {
    last = fields;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => {});
  const closed = once(stream, 'close');
  for (const piece of pieces) {
    if (!stream.writable) break;
    stream.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stream.end();
  await closed;
  const grpc = { ...first, ...last };
  const text = grpc['grpc-message'];
  return {
    http: first[':status'] as number | undefined,
    status: grpc['grpc-status'] as string | undefined,
    text: text === undefined || text === 'OK' ? undefined : decodeURIComponent(String(text)),
    body: Buffer.concat(chunks).toString('latin1'),
    trailers: Object.keys(last).filter((name) => name !== 'grpc-message'),
  };
}

const message = Buffer.from('a message of some length');
const framed = grpcMessage(message);
const echo = { ':path': '/test.Test/Echo' };
const big = grpcMessage(Buffer.alloc(1_000_000, 'z'));
const packed = grpcMessage(gzipSync(message), 1);
const pieces = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));

const cases: readonly { name: string; headers: IncomingHttpHeaders; body: readonly Buffer[] }[] = [
  { name: 'a call', headers: echo, body: [framed] },
  { name: 'a call of Check', headers: { ':path': checkPath }, body: [framed] },
  { name: 'an empty message', headers: echo, body: [grpcMessage(Buffer.alloc(0))] },
  { name: 'a message byte by byte', headers: echo, body: pieces(framed, 1) },
  { name: 'a message cut in its prefix', headers: echo, body: [framed.subarray(0, 3), framed.subarray(3)] },
  { name: 'a message of a megabyte', headers: echo, body: pieces(big, 50_000) },
  { name: 'a reply of 60,000 bytes', headers: { ':path': '/test.Test/Big' }, body: [framed] },
  { name: 'an answer that comes later', headers: { ':path': '/test.Test/Later' }, body: [framed] },
  { name: 'a status with text beyond ASCII', headers: { ':path': '/test.Test/Refuse' }, body: [framed] },
  { name: 'a method that throws', headers: { ':path': '/test.Test/Throw' }, body: [framed] },
  { name: 'a method that rejects', headers: { ':path': '/test.Test/Reject' }, body: [framed] },
  { name: 'an unknown method', headers: { ':path': '/test.Test/None' }, body: [framed] },
  { name: 'an unknown service', headers: { ':path': '/none.None/None' }, body: [framed] },
  { name: 'no message', headers: echo, body: [] },
  { name: 'half a prefix', headers: echo, body: [framed.subarray(0, 3)] },
  { name: 'half a message', headers: echo, body: [framed.subarray(0, 12)] },
  { name: 'two messages', headers: echo, body: [framed, framed] },
  { name: 'a message announced above the limit', headers: echo, body: [Buffer.from([0, 0, 0x40, 0, 1])] },
  {
    name: 'a message of gzip',
    headers: { ...echo, 'grpc-encoding': 'gzip' },
    body: [grpcMessage(gzipSync(message), 1)],
  },
  {
    name: 'a message of deflate',
    headers: { ...echo, 'grpc-encoding': 'deflate' },
    body: [grpcMessage(deflateSync(message), 1)],
  },
  { name: 'grpc-encoding gzip, message as it is', headers: { ...echo, 'grpc-encoding': 'gzip' }, body: [framed] },
  { name: 'an unknown encoding, unused', headers: { ...echo, 'grpc-encoding': 'zstd' }, body: [framed] },
  { name: 'an unknown encoding', headers: { ...echo, 'grpc-encoding': 'zstd' }, body: [grpcMessage(message, 1)] },
  {
    name: 'gzip that is none',
    headers: { ...echo, 'grpc-encoding': 'gzip' },
    body: [grpcMessage(Buffer.from('not gzip at all'), 1)],
  },
  {
    name: 'gzip of more than the limit',
    headers: { ...echo, 'grpc-encoding': 'gzip' },
    body: [grpcMessage(gzipSync(Buffer.alloc(5_000_000)), 1)],
  },
  { name: 'a deadline that passes', headers: { ':path': '/test.Test/Never', 'grpc-timeout': '80m' }, body: [framed] },
  { name: 'a deadline far away', headers: { ...echo, 'grpc-timeout': '1H' }, body: [framed] },
  { name: 'a deadline that is none', headers: { ...echo, 'grpc-timeout': 'soon' }, body: [framed] },
  { name: 'another codec', headers: { ...echo, 'content-type': 'application/grpc+proto' }, body: [framed] },
];

describe('Lane and grpc-js', () => {
  let lane: Lane<string>;
  let laneServer: NetServer;
  let grpcJs: Server;
  let ports: { lane: number; grpcJs: number };
  let sessions: { lane: ClientHttp2Session; grpcJs: ClientHttp2Session };

  before(async () => {
    lane = createLane({ methods: laneMethods });
    laneServer = createServer((socket) => lane.accept(socket, 'peer')).listen(0, '127.0.0.1');
    await once(laneServer, 'listening');
    grpcJs = grpcJsServer();
    const grpcPort = await new Promise<number>((resolve, reject) =>
      grpcJs.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    ports = { lane: (laneServer.address() as AddressInfo).port, grpcJs: grpcPort };
    sessions = { lane: connect(`http://127.0.0.1:${ports.lane}`), grpcJs: connect(`http://127.0.0.1:${ports.grpcJs}`) };
  });
  after(async () => {
    sessions.lane.destroy();
    sessions.grpcJs.destroy();
    grpcJs.forceShutdown();
    laneServer.close();
    await lane[Symbol.asyncDispose]();
  });

  for (const { name, headers, body } of cases) {
    it(`answer the same to ${name}`, async () => {
      const [ours, theirs] = await Promise.all([
        ask(sessions.lane, headers, ...body),
        ask(sessions.grpcJs, headers, ...body),
      ]);
      assert.ok(ours.status !== undefined, 'no grpc-status');
      const known = { text: theirs.text?.replace('server streaming', 'unary') };
      assert.deepEqual(ours, { ...theirs, ...known });
    });
  }

  it('answer 415 to what is no gRPC; the lane says why', async () => {
    const ours = await ask(sessions.lane, { ...echo, 'content-type': 'application/json' }, framed);
    const theirs = await ask(sessions.grpcJs, { ...echo, 'content-type': 'application/json' }, framed);
    assert.equal(ours.http, theirs.http);
    assert.equal(ours.body, 'gRPC only: content-type application/grpc\n');
  });

  it('differ where the standard says so: a compressed flag without grpc-encoding is INTERNAL', async () => {
    const ours = await ask(sessions.lane, echo, grpcMessage(message, 1));
    assert.equal(ours.status, '13');
  });

  it('differ for other flags of a message, which gRPC does not know', async () => {
    assert.equal((await ask(sessions.lane, echo, grpcMessage(message, 2))).status, '13');
  });

  it('names the encodings it knows when it is asked for another', async () => {
    const stream = sessions.lane.request({
      ':method': 'POST',
      'content-type': 'application/grpc',
      ...echo,
      'grpc-encoding': 'br',
    });
    stream.end(grpcMessage(message, 1));
    const [fields] = await once(stream, 'response');
    assert.equal(fields['grpc-accept-encoding'], 'identity,deflate,gzip');
    stream.close();
  });

  it('serve a grpc-js client alike, 500 calls at once', async () => {
    for (const port of [ports.lane, ports.grpcJs]) {
      const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
      const bytes = (value: Buffer): Buffer => value;
      const call = (path: string, body: Buffer): Promise<Buffer | number> =>
        new Promise((resolve) =>
          client.makeUnaryRequest(path, bytes, bytes, body, new Metadata(), (error: ServiceError | null, reply) =>
            resolve(error === null ? reply! : error.code),
          ),
        );
      const bodies = Array.from({ length: 500 }, (_, n) => Buffer.alloc(n * 37, n));
      const replies = await Promise.all(bodies.map((body) => call('/test.Test/Echo', body)));
      assert.deepEqual(replies, bodies);
      const bigs = await Promise.all(Array.from({ length: 50 }, () => call('/test.Test/Big', message)));
      assert.ok(bigs.every((reply) => bigReply.equals(reply as Buffer)));
      assert.equal(await call('/test.Test/Refuse', message), 5);
      client.close();
    }
  });
});

/** The same GrpcMethods. */
const calls: readonly { name: string; headers: IncomingHttpHeaders; body: readonly Buffer[] }[] = (
  [
    ['one message each way', 'Say', {}, [framed]],
    ['no request', 'Say', {}, []],
    ['two requests', 'Say', {}, [framed, framed]],
    ['many messages out', 'Sizes', {}, [grpcMessage(Buffer.from([1, 0, 3, 200, 200]))]],
    ['no message out', 'Sizes', {}, [grpcMessage(Buffer.alloc(0))]],
    ['no request of a stream', 'Sizes', {}, []],
    ['two requests of a stream', 'Sizes', {}, [framed, framed]],
    ['many messages both ways', 'Chat', {}, [framed, grpcMessage(Buffer.alloc(0)), big, framed]],
    ['many messages byte by byte', 'Chat', {}, pieces(Buffer.concat([framed, framed]), 1)],
    ['no messages either way', 'Chat', {}, []],
    ['compressed messages among others', 'Chat', { 'grpc-encoding': 'gzip' }, [packed, framed, packed]],
    ['compressed messages of deflate', 'Chat', { 'grpc-encoding': 'deflate' }, [grpcMessage(deflateSync(message), 1)]],
    ['a request above the limit', 'Chat', {}, [Buffer.from([0, 0, 0x40, 0, 1])]],
    ['a refusal before any message', 'Refuse', {}, [framed]],
    ['a failure after a message', 'Break', {}, [framed]],
    ['a deadline that passes', 'Wait', { 'grpc-timeout': '80m' }, [framed]],
    ['a deadline that is far', 'Sizes', { 'grpc-timeout': '1H' }, [grpcMessage(Buffer.from([1]))]],
    ['metadata', 'Metadata', { 'x-test': 'a value' }, [framed]],
  ] as const
).map(([name, method, headers, body]) => ({ name, headers: { ':path': `/test.Calls/${method}`, ...headers }, body }));

describe('Lane and grpc-js, the same GrpcMethods', () => {
  let sessions: readonly ClientHttp2Session[];
  let stop: () => Promise<unknown>;

  before(async () => {
    const lane = createLane<Connection>({ calls: usualCalls() });
    const grpc = createGrpcServer({
      methods: usualCalls(),
      limits: { maxReceiveMessageBytes: 4 * 1024 * 1024, maxConcurrentStreams: 100 },
    });
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0, tls: false } as const;
    const servers = [
      createServer((socket) => lane.accept(socket, recordConnection(socket, address))),
      createServer((socket) => grpc.accept(socket, address)),
    ];
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    sessions = servers.map((server) => connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    stop = () => {
      for (const server of servers) server.close();
      for (const session of sessions) session.destroy();
      return Promise.all([lane.drain(0), grpc.drain(0)]);
    };
  });
  after(() => stop());

  for (const { name, headers, body } of calls) {
    it(`answer the same to ${name}`, async () => {
      const [ours, theirs] = await Promise.all(sessions.map((session) => ask(session, headers, ...body)));
      assert.ok(ours?.status !== undefined, 'no grpc-status');
      const text = theirs?.text?.replace(/^(Received (?:a second|no) request message for) .*/, '$1');
      assert.deepEqual(
        { ...ours, text: ours.text?.replace(/ (unary|server streaming) method.*/, '') },
        { ...theirs, text },
      );
    });
  }
});
