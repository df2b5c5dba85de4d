import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { HealthCheckRequestSchema } from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { rawUnary } from '../../../src/transport/grpc-methods.ts';
import { createGrpcServer, type GrpcServer } from '../../../src/transport/grpc-server.ts';
import { healthMethods } from '../../../src/transport/health-service.ts';
import { listenUnix } from '../../../src/transport/unix-listener.ts';
import { grpcMessage } from '../../support/raw-h2.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { unixAddress } from '../../support/workload-endpoint.ts';

const path = '/test.Echo/Say';

interface Served extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly session: ClientHttp2Session;
  /** uid and pid of each caller, as the handler was told. */
  readonly callers: (readonly [number | undefined, number | undefined])[];
  call(authority: string, message: Buffer): Promise<{ status: string; body: Buffer }>;
}

async function serve(acceptsPathAsAuthority: boolean): Promise<Served> {
  const folder = await tempDir();
  const address = unixAddress(`${folder.path}/w.sock`);
  const listener = await listenUnix(address);
  const callers: (readonly [number | undefined, number | undefined])[] = [];
  const server = createGrpcServer({
    methods: [
      rawUnary({ path }, (request, connection) => {
        callers.push([connection?.credentials?.uid, connection?.credentials?.pid]);
        return request;
      }),
      ...healthMethods(createWatchable(new Map([['', true]]))),
    ],
    limits: { maxReceiveMessageBytes: 4_000_000, maxConcurrentStreams: 100 },
    acceptsPathAsAuthority,
  });
  server.serve(listener.server, address);
  const session = connectHttp2('http://localhost', { createConnection: () => connect(address.path) });
  session.on('error', () => undefined); // some tests cut it
  const call: Served['call'] = async (authority, message) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': authority,
      te: 'trailers',
      'content-type': 'application/grpc',
    });
    const chunks: Buffer[] = [];
    let status = '';
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('trailers', (headers) => {
      status = String(headers['grpc-status']);
    });
    stream.end(grpcMessage(message));
    await once(stream, 'close');
    return { status, body: Buffer.concat(chunks).subarray(5) };
  };
  return {
    server,
    session,
    callers,
    call,
    async [Symbol.asyncDispose]() {
      session.destroy();
      await server[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('a gRPC server that accepts a path as authority', () => {
  it('answers calls of every authority on one connection, and knows who calls', async () => {
    await using served = await serve(true);
    for (const authority of ['localhost', '/run/gatehouse/w.sock', 'localhost', 'unix:/run/w.sock', 'a%2Fb']) {
      const { status, body } = await served.call(authority, Buffer.from(authority));
      assert.deepEqual([status, body.toString()], ['0', authority]);
    }
    assert.deepEqual(served.callers[1], [process.getuid?.(), process.pid]);
  });

  it('is needed for it: Node refuses such a call by itself', async () => {
    await using served = await serve(false);
    assert.equal((await served.call('localhost', Buffer.from('x'))).status, '0');
    await assert.rejects(served.call('/run/gatehouse/w.sock', Buffer.from('x')), /PROTOCOL_ERROR/);
  });

  it('carries megabytes both ways', async () => {
    await using served = await serve(true);
    const message = Buffer.alloc(3_000_000, 'gatehouse');
    const answers = await Promise.all(['localhost', '/run/w.sock'].map((each) => served.call(each, message)));
    for (const { status, body } of answers) assert.ok(status === '0' && body.equals(message));
  });

  it('ends streams when it drains', async () => {
    await using served = await serve(true);
    const stream = served.session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Watch',
      ':authority': '/run/w.sock',
      te: 'trailers',
      'content-type': 'application/grpc',
    });
    stream.end(grpcMessage(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema))));
    await once(stream, 'data');
    const ended = once(stream, 'trailers');
    await served.server.drain(5_000);
    assert.equal((await ended)[0]['grpc-status'], '14');
  });
});
