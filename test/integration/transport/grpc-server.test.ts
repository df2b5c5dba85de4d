import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { GatehouseError } from '../../../src/errors.ts';
import { Health } from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { type RawMethod, rawUnary } from '../../../src/transport/grpc-js/grpc-js-handlers.ts';
import { createGrpcServer, type GrpcServer } from '../../../src/transport/grpc-js/grpc-server.ts';
import { type GrpcMethod, unary } from '../../../src/transport/grpc-methods.ts';
import { healthMethods } from '../../../src/transport/health-service.ts';
import { type Listener, textOfAddress } from '../../../src/transport/listen/listen-address.ts';
import { listen } from '../../../src/transport/listen/listener.ts';

import { pythonCall } from '../../support/python-client.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { unixAddress } from '../../support/workload-endpoint.ts';

const path = '/test.Echo/Say';
const same = (bytes: Buffer) => bytes;

interface Served extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly listener: Listener;
  readonly client: Client;
  readonly failures: string[];
  say(bytes: Buffer): Promise<Buffer>;
}

async function serve(
  methods: readonly (GrpcMethod | RawMethod)[],
  limits = { maxReceiveMessageBytes: 1024, maxConcurrentStreams: 100 },
): Promise<Served> {
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0, tls: false });
  const failures: string[] = [];
  const server = createGrpcServer({
    methods,
    limits,
    failed: (method, { code }) => failures.push(`${method} ${code}`),
  });
  server.serve(listener.server, listener.address);
  const client = new Client(textOfAddress(listener.address), credentials.createInsecure());
  const say = (bytes: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, bytes, (error, answer) => (error ? reject(error) : resolve(answer!)));
    });
  return {
    server,
    listener,
    client,
    failures,
    say,
    async [Symbol.asyncDispose]() {
      client.close();
      await listener[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
const echo = rawUnary({ path }, (request) => request);

describe('createGrpcServer', () => {
  it('hands bytes through as they are, and tells who is at the other end', async () => {
    let remote = '';
    const method = rawUnary({ path }, (request, connection) => {
      remote = connection?.remote?.address ?? 'unknown';
      return request;
    });
    await using served = await serve([method]);
    const bytes = Buffer.from([0, 255, 1, 254]);
    assert.deepEqual(await served.say(bytes), bytes);
    assert.deepEqual(await served.say(Buffer.alloc(0)), Buffer.alloc(0));
    assert.equal(remote, '127.0.0.1');
  });

  it('answers an error of ours with its status and its safe text only', async () => {
    const method = rawUnary({ path }, () => {
      throw new GatehouseError('store_unavailable', 'secret words for the log');
    });
    await using served = await serve([method]);
    await assert.rejects(served.say(Buffer.alloc(1)), { code: status.UNAVAILABLE, details: 'the store is away' });
    assert.deepEqual(served.failures, [`${path} store_unavailable`]);
  });

  it('answers an error that nobody expected with Internal and no word of it', async () => {
    const method = rawUnary({ path }, () => {
      throw new TypeError('secret words for the log');
    });
    await using served = await serve([method]);
    await assert.rejects(served.say(Buffer.alloc(1)), { code: status.INTERNAL, details: 'internal error' });
  });

  it('refuses a message over the limit, and an unknown method', async () => {
    await using served = await serve([echo]);
    await assert.rejects(served.say(Buffer.alloc(1025)), { code: status.RESOURCE_EXHAUSTED });
    assert.equal((await served.say(Buffer.alloc(1024))).length, 1024);
    const unknown = new Promise((_, reject) =>
      served.client.makeUnaryRequest('/test.Echo/Nothing', same, same, Buffer.alloc(0), reject),
    );
    await assert.rejects(unknown, { code: status.UNIMPLEMENTED });
  });

  it('drains: running streams end with Unavailable, new connections find nobody', async () => {
    const state = createWatchable(new Map([['', true]]));
    await using served = await serve(healthMethods(state));
    const watch = served.client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, Buffer.alloc(0));
    const [first] = (await once(watch, 'data')) as [Buffer];
    assert.deepEqual([...first], [8, 1], 'SERVING');
    const ended = once(watch, 'error') as Promise<[ServiceError]>;
    await served.listener[Symbol.asyncDispose]();
    await served.server.drain(5_000);
    const [error] = await ended;
    assert.deepEqual([error.code, error.details], [status.UNAVAILABLE, 'shutting down']);
    await assert.rejects(served.say(Buffer.alloc(1)), { code: status.UNAVAILABLE });
  });

  it('cuts what does not end in time', async () => {
    const started = Promise.withResolvers<void>();
    const forever = unary(Health.method.check, () => {
      started.resolve();
      return new Promise(() => undefined);
    });
    await using served = await serve([forever]);
    const answer = new Promise<ServiceError | null>((resolve) => {
      served.client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, Buffer.alloc(0), resolve);
    });
    await started.promise;
    await served.listener[Symbol.asyncDispose]();
    await served.server.drain(50);
    assert.ok([status.UNAVAILABLE, status.CANCELLED].includes((await answer)?.code ?? 0));
  });
});

describe('healthMethods', function () {
  this.timeout(300_000); // the first use makes python's environment

  it('answers per service, and pushes changes', async () => {
    await using dir = await tempDir();
    const state = createWatchable<ReadonlyMap<string, boolean>>(
      new Map([
        ['', true],
        ['a', false],
      ]),
    );
    const listener = await listen(unixAddress(dir.at('s')));
    await using server = createGrpcServer({
      methods: healthMethods(state),
      limits: { maxReceiveMessageBytes: 1024, maxConcurrentStreams: 9 },
    });
    server.serve(listener.server, listener.address);
    const ask = async (method: string, service: string) => {
      const call = pythonCall({ socket: dir.at('s'), method: `/grpc.health.v1.Health/${method}` });
      call.send({ service });
      return call;
    };
    for (const [service, want] of [
      ['', 'SERVING'],
      ['a', 'NOT_SERVING'],
    ] as const) {
      await using call = await ask('Check', service);
      assert.deepEqual(await call.next(), { status: want });
    }
    await using unknown = await ask('Check', 'b');
    assert.equal((await unknown.ended()).status, 'NOT_FOUND');
    await using watch = await ask('Watch', 'b');
    assert.deepEqual(await watch.next(), { status: 'SERVICE_UNKNOWN' });
    state.replace(new Map([['b', false]]));
    assert.deepEqual(await watch.next(), { status: 'NOT_SERVING' });
    state.replace(
      new Map([
        ['b', false],
        ['a', true],
      ]),
    );
    state.replace(new Map([['b', true]]));
    assert.deepEqual(await watch.next(), { status: 'SERVING' });
    await listener[Symbol.asyncDispose]();
  });
});
