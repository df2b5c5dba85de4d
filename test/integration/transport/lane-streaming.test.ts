import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { GrpcMethod } from '../../../src/transport/grpc-methods.ts';
import { createLane, type Lane } from '../../../src/transport/lane/lane.ts';
import type { LaneLimits } from '../../../src/transport/lane/limits.ts';
import { eventually } from '../../support/eventually.ts';
import { bytesMethods, ended, usualCalls } from '../../support/lane-calls.ts';
import { type LanePort, lanePort } from '../../support/lane-port.ts';
import {
  callBlock,
  connectRaw,
  frame,
  grpcMessage,
  literal,
  preface,
  type RawPeer,
  settings,
  uint32,
  wholeCall,
} from '../../support/raw-h2.ts';

interface Served extends LanePort {
  readonly lane: Lane<string>;
  /** Errors that handlers threw. */
  readonly failures: string[];
}

async function serve(
  limits: Partial<LaneLimits> = {},
  calls: readonly GrpcMethod<string>[] = usualCalls(),
): Promise<Served> {
  const failures: string[] = [];
  const lane = createLane<string>({
    calls,
    limits: { quietTickMs: 20, ...limits },
    failed: (thrown) => failures.push(String(thrown)),
    callFailed: (path, { code }, peer) => failures.push(`${path} ${code} ${peer}`),
  });
  return { lane, failures, ...(await lanePort(lane)) };
}

const path = (name: string): string => `/test.Calls/${name}`;
/** HEADERS of a call that is not over. */
const begin = (id: number, name: string, ...more: readonly (readonly [string, string])[]): Buffer =>
  frame(1, 4, id, callBlock(path(name), ...more));
const say = (id: number, text: string): Buffer => frame(0, 0, id, grpcMessage(Buffer.from(text)));
const dataOf = (peer: RawPeer, id: number): Buffer =>
  Buffer.concat(peer.frames.filter((each) => each.type === 0 && each.id === id).map(({ payload }) => payload));
const has = (peer: RawPeer, id: number, ...messages: readonly Uint8Array[]) =>
  peer.expect(() => dataOf(peer, id).equals(Buffer.concat(messages.map((each) => grpcMessage(each)))));
const endOf = async (peer: RawPeer, id: number): Promise<string> =>
  (await peer.expect((each) => each.type === 1 && each.id === id && (each.flags & 1) === 1)).payload.toString('latin1');
const resetOf = async (peer: RawPeer, id: number): Promise<number> =>
  (await peer.expect((each) => each.type === 3 && each.id === id)).payload.readUInt32BE();
const OK = /grpc-status\x010$/;
const wide = Buffer.concat([preface, settings([4, 0x7fff_ffff]), frame(8, 0, 0, uint32(0x7fff_0000))]);
const smallWindow = Buffer.concat([preface, settings([4, 1_000])]);

/** A stream of 400-byte messages that says how many were asked of it, and whether it was ended. */
function counting() {
  const seen = { yielded: 0, ended: 0 };
  const methods = bytesMethods<string>({
    Count: {
      async *one(_, { signal }) {
        try {
          while (!signal.aborted) {
            seen.yielded += 1;
            yield Buffer.alloc(400);
          }
        } finally {
          seen.ended += 1;
        }
      },
    },
  });
  return { seen, methods };
}

describe('Lane, streams of messages', () => {
  it('sends many messages and ends with OK', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    peer.send(wholeCall(1, path('Sizes'), Buffer.from([1, 0, 2])));
    assert.match(await endOf(peer, 1), OK);
    assert.deepEqual(
      dataOf(peer, 1),
      Buffer.concat([1, 0, 2].map((size) => grpcMessage(Buffer.alloc(size * 1_000, size)))),
    );
    assert.equal(peer.frames.filter(({ type }) => type === 3).length, 0);
  });

  it('sends messages larger than a frame, and than the windows, as these open (RFC 9113 §6.9)', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port, smallWindow);
    peer.send(wholeCall(1, path('Sizes'), Buffer.from([3, 40])));
    for (let sent = 1_000; sent < 43_010; sent += 1_000) {
      await peer.expect(() => dataOf(peer, 1).length === sent);
      peer.send(frame(8, 0, 1, uint32(1_000)));
    }
    assert.match(await endOf(peer, 1), OK);
    assert.deepEqual(
      dataOf(peer, 1),
      Buffer.concat([grpcMessage(Buffer.alloc(3_000, 3)), grpcMessage(Buffer.alloc(40_000, 40))]),
    );
  });

  it('lets a handler wait while its stream is blocked, and no other', async () => {
    const { seen, methods } = counting();
    await using server = await serve({}, [...methods, ...usualCalls<string>()]);
    using peer = await connectRaw(server.port, smallWindow);
    peer.send(wholeCall(1, path('Count')), wholeCall(3, path('Say'), Buffer.from('hello')));
    assert.match(await endOf(peer, 3), OK);
    await peer.expect(() => dataOf(peer, 1).length === 1_000);
    assert.equal(seen.yielded, 3, 'two are out, the third waits');
    peer.send(frame(8, 0, 1, uint32(405)));
    await peer.expect(() => dataOf(peer, 1).length === 1_405);
    peer.send(wholeCall(5, path('Say')));
    await endOf(peer, 5);
    assert.equal(seen.yielded, 4);
    peer.send(frame(3, 0, 1, uint32(8)));
    await eventually('the handler is told', () => seen.ended || undefined);
    assert.deepEqual(server.failures, []);
  });

  it('lets handlers wait while the peer leaves its output unread, whatever the windows', async () => {
    const { seen, methods } = counting();
    await using server = await serve({ unreadMs: 60_000 }, methods);
    using peer = await connectRaw(server.port, wide);
    peer.socket.pause();
    peer.send(wholeCall(1, path('Count')), wholeCall(3, path('Count')));
    let before = -1;
    await eventually('both wait', async () => {
      const stands = seen.yielded > 100 && seen.yielded === before;
      before = seen.yielded;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return stands || undefined;
    });
    peer.socket.resume();
    await eventually('they go on', () => seen.yielded > before + 1_000 || undefined);
    assert.equal(peer.isClosed(), false);
  });

  it('puts messages together wherever DATA was cut, and takes several of one frame', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    peer.send(begin(1, 'Chat'));
    const texts = ['', 'a', 'bcd', 'e'.repeat(200), ''];
    const bytes = Buffer.concat(texts.map((text) => grpcMessage(Buffer.from(text))));
    peer.send(frame(0, 0, 1, bytes));
    await has(peer, 1, ...texts.map((text) => Buffer.from(text)));
    for (const byte of bytes) peer.send(frame(0, 0, 1, Buffer.from([byte])));
    await has(peer, 1, ...[...texts, ...texts].map((text) => Buffer.from(text)));
    peer.send(frame(0, 8, 1, Buffer.concat([Buffer.from([4]), grpcMessage(Buffer.from('padded')), Buffer.alloc(4)])));
    peer.send(frame(0, 1, 1));
    assert.match(await endOf(peer, 1), OK);
    assert.ok(dataOf(peer, 1).includes('padded'));
    assert.deepEqual(server.failures, []);
  });

  it('takes more than a window of messages one by one, and gives the window back', async () => {
    await using server = await serve({ streamWindow: 10_000 });
    using peer = await connectRaw(server.port, wide);
    peer.send(begin(1, 'Chat'));
    for (let n = 1; n <= 20; n += 1) {
      peer.send(say(1, String.fromCharCode(96 + n).repeat(4_000)));
      await peer.expect(() => dataOf(peer, 1).length === n * 4_005);
    }
    peer.send(frame(1, 5, 1, Buffer.alloc(0)));
    assert.match(await endOf(peer, 1), OK);
    assert.ok(peer.frames.some(({ type, id }) => type === 8 && id === 1));
  });

  it('gives no window back for messages that nobody takes, and resets who goes beyond it', async () => {
    await using server = await serve({ streamWindow: 10_000 });
    using peer = await connectRaw(server.port);
    peer.send(begin(1, 'Deaf'), say(1, 'a'.repeat(4_000)), say(1, 'b'.repeat(4_000)));
    peer.send(wholeCall(3, path('Say')));
    await endOf(peer, 3);
    assert.equal(peer.frames.filter(({ type, id }) => type === 8 && id === 1).length, 0);
    peer.send(say(1, 'c'.repeat(4_000)));
    assert.equal(await resetOf(peer, 1), 3);
  });

  it('decompresses messages in their order', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port, wide);
    peer.send(begin(1, 'Chat', ['grpc-encoding', 'gzip']));
    const packed = (text: string): Buffer => frame(0, 0, 1, grpcMessage(gzipSync(text), 1));
    peer.send(packed('a'.repeat(100_000)), say(1, 'b'), packed('c'));
    peer.send(frame(0, 1, 1));
    assert.match(await endOf(peer, 1), OK);
    await has(peer, 1, Buffer.alloc(100_000, 'a'), Buffer.from('b'), Buffer.from('c'));
  });

  it('takes the path of a unix socket as :authority, as gRPC for Java sends it', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    const pseudo = [literal(':path', path('Say')), literal(':authority', '/run/gatehouse/workload.sock')];
    const block = Buffer.concat([Buffer.from([0x83, 0x86]), ...pseudo, literal('content-type', 'application/grpc')]);
    peer.send(frame(1, 4, 1, block), frame(0, 1, 1, grpcMessage(Buffer.from('x'))));
    assert.match(await endOf(peer, 1), OK);
    await has(peer, 1, Buffer.from('x'));
  });

  it('gives a handler its metadata and its peer', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    const block = callBlock(path('Metadata'), ['x-test', 'a'], ['x-other', 'b'], ['x-test', 'c']);
    peer.send(frame(1, 4, 1, block), frame(0, 1, 1, grpcMessage(Buffer.alloc(0))));
    await has(peer, 1, Buffer.from('["a","c"]'));
  });

  describe('ends a call', () => {
    it('with the status of what its handler threw, alone if nothing was sent', async () => {
      await using server = await serve();
      using peer = await connectRaw(server.port);
      peer.send(wholeCall(1, path('Refuse')), wholeCall(3, path('Break'), Buffer.from('x')));
      const refused = await endOf(peer, 1);
      for (const part of ['application/grpc', 'grpc-status\x017', 'not you: 100 %25', 'gatehouse-trace-id\x03abc'])
        assert.ok(refused.includes(part), `${part} in ${refused}`);
      assert.equal(peer.frames.filter(({ type, id }) => type === 1 && id === 1).length, 1);
      const broken = await endOf(peer, 3);
      assert.match(broken, /grpc-status\x0214.*the store is away.*gatehouse-code\x11store_unavailable/s);
      assert.doesNotMatch(broken, /application\/grpc/, 'that came first');
      await has(peer, 3, Buffer.from('x'));
      assert.deepEqual(server.failures, [
        `${path('Refuse')} not_entitled peer`,
        `${path('Break')} store_unavailable peer`,
      ]);
      assert.equal(server.lane.counts.refusals, 2);
    });

    it('behind the message that has begun, without those that have not', async () => {
      await using server = await serve();
      using peer = await connectRaw(server.port, smallWindow);
      peer.send(begin(1, 'Sizes', ['grpc-timeout', '4000m']), frame(0, 1, 1, grpcMessage(Buffer.from([3, 1]))));
      await peer.expect(() => dataOf(peer, 1).length === 1_000);
      const waits = begin(3, 'Sizes', ['grpc-timeout', '100m']);
      peer.send(settings([4, 0]), waits, frame(0, 1, 3, grpcMessage(Buffer.from([1]))));
      assert.match(await endOf(peer, 3), /grpc-status\x014/, 'nothing of it was sent, so that it ends at once');
      await new Promise((resolve) => setTimeout(resolve, 4_500));
      assert.equal(peer.frames.filter(({ type, id }) => type === 1 && id === 1).length, 1);
      peer.send(frame(8, 0, 1, uint32(10_000)));
      assert.match(await endOf(peer, 1), /grpc-status\x014/);
      await has(peer, 1, Buffer.alloc(3_000, 3));
    });

    it('at its deadline with DEADLINE_EXCEEDED, and tells the handler', async () => {
      const told = Promise.withResolvers<void>();
      const methods = bytesMethods<string>({
        Wait: {
          async *one(request, context) {
            yield request;
            await ended(context);
            told.resolve();
          },
        },
      });
      await using server = await serve({}, methods);
      using peer = await connectRaw(server.port);
      peer.send(begin(1, 'Wait', ['grpc-timeout', '80m']), frame(0, 1, 1, grpcMessage(Buffer.from('x'))));
      assert.match(await endOf(peer, 1), /grpc-status\x014.*Deadline exceeded/);
      await told.promise;
      assert.deepEqual(server.failures, []);
    });

    it('when the peer resets it, or goes', async () => {
      const { seen, methods } = counting();
      await using server = await serve({}, methods);
      using peer = await connectRaw(server.port, smallWindow);
      peer.send(wholeCall(1, path('Count')), wholeCall(3, path('Count')));
      await peer.expect(() => dataOf(peer, 3).length === 1_000);
      peer.send(frame(3, 0, 1, uint32(8)));
      await eventually('one is told', () => seen.ended === 1 || undefined);
      peer.socket.destroy();
      await eventually('the other is told', () => seen.ended === 2 || undefined);
      assert.deepEqual(server.failures, []);
    });

    for (const { name, bytes, want } of [
      { name: 'no message', bytes: frame(0, 1, 1), want: /grpc-status\x0212.*no request message for server streaming/ },
      {
        name: 'two messages',
        bytes: frame(0, 1, 1, Buffer.concat([grpcMessage(Buffer.alloc(1)), grpcMessage(Buffer.alloc(1))])),
        want: /grpc-status\x0212.*a second request message/,
      },
      { name: 'half a message', bytes: frame(0, 1, 1, grpcMessage(Buffer.alloc(9)).subarray(0, 9)), want: /\x0213/ },
      { name: 'half a prefix', bytes: frame(0, 1, 1, Buffer.alloc(2)), want: /grpc-status\x0213/ },
      {
        name: 'a message that is too long',
        bytes: frame(0, 0, 1, Buffer.concat([Buffer.from([0]), uint32(5_000)])),
        want: /grpc-status\x018.*larger than max \(5000 vs 4000\)/,
      },
      {
        name: 'a compressed message without saying how',
        bytes: frame(0, 1, 1, grpcMessage(gzipSync('a'), 1)),
        want: /grpc-status\x0213.*without grpc-encoding/,
      },
    ]) {
      it(`whose request is ${name}`, async () => {
        await using server = await serve({ messageBytes: 4_000 });
        using peer = await connectRaw(server.port);
        peer.send(begin(1, 'Sizes'), bytes);
        assert.match(await endOf(peer, 1), want);
      });
    }

    it('whose messages decompress to too much, or not at all', async () => {
      await using server = await serve({ messageBytes: 4_000 });
      using peer = await connectRaw(server.port);
      const gzip = ['grpc-encoding', 'gzip'] as const;
      peer.send(begin(1, 'Chat', gzip), frame(0, 0, 1, grpcMessage(gzipSync(Buffer.alloc(5_000)), 1)));
      assert.match(await endOf(peer, 1), /grpc-status\x018/);
      peer.send(begin(3, 'Chat', gzip), frame(0, 0, 3, grpcMessage(Buffer.from('not gzip'), 1)));
      assert.match(await endOf(peer, 3), /grpc-status\x0213.*decompress/);
      assert.deepEqual(server.failures, []);
    });
  });

  it('says what was yielded last, then ends calls with UNAVAILABLE when it drains', async () => {
    const saysGoodbye = Promise.withResolvers<void>();
    const methods = bytesMethods<string>({
      News: {
        async *one(request, context) {
          yield request;
          await saysGoodbye.promise;
          yield Buffer.from('not serving');
          await ended(context);
        },
      },
    });
    await using server = await serve({}, methods);
    using peer = await connectRaw(server.port);
    peer.send(wholeCall(1, path('News'), Buffer.from('serving')));
    await has(peer, 1, Buffer.from('serving'));
    saysGoodbye.resolve();
    const drained = server.lane.drain(5_000);
    assert.match(await endOf(peer, 1), /grpc-status\x0214.*shutting down/s);
    await has(peer, 1, Buffer.from('serving'), Buffer.from('not serving'));
    await peer.closed;
    await drained;
    assert.deepEqual(server.failures, [`${path('News')} draining peer`]);
  });

  it('ends a call that begins while it drains', async () => {
    await using server = await serve();
    using peer = await connectRaw(server.port);
    peer.send(wholeCall(1, path('Wait'), Buffer.from('x')));
    await has(peer, 1, Buffer.from('x'));
    const drained = server.lane.drain(5_000);
    await peer.expect(({ type }) => type === 7);
    peer.send(wholeCall(3, path('Wait')), begin(5, 'Chat'));
    assert.match(await endOf(peer, 3), /grpc-status\x0214/);
    assert.match(await endOf(peer, 5), /grpc-status\x0214/);
    await drained;
  });

  describe('time', () => {
    const short = { requestMs: 150, windowMs: 150, idleMs: 150, unreadMs: 150, frameMs: 150 };

    it('leaves a stream alone that waits quietly, one way or both', async () => {
      await using server = await serve(short);
      using peer = await connectRaw(server.port);
      peer.send(wholeCall(1, path('Wait'), Buffer.from('x')), begin(3, 'Chat'));
      await has(peer, 1, Buffer.from('x'));
      await new Promise((resolve) => setTimeout(resolve, 500));
      peer.send(say(3, 'still here'));
      await has(peer, 3, Buffer.from('still here'));
      assert.deepEqual(
        Object.entries(server.lane.counts.hostile).filter(([, count]) => count > 0),
        [],
      );
    });

    it('starts the idle time of a connection when its last stream ends', async () => {
      await using server = await serve({ ...short, idleMs: 3_000 });
      using peer = await connectRaw(server.port);
      peer.send(begin(1, 'Wait', ['grpc-timeout', '4000m']), frame(0, 1, 1, grpcMessage(Buffer.from('x'))));
      await endOf(peer, 1);
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.equal(peer.frames.filter(({ type }) => type === 7).length, 0);
      await peer.closed;
    });

    it('resets a stream whose window stays shut, whose request does not come, whose message stays in part', async () => {
      const { seen, methods } = counting();
      await using server = await serve(short, [...methods, ...usualCalls<string>()]);
      using peer = await connectRaw(server.port, smallWindow);
      peer.send(wholeCall(1, path('Count')), begin(3, 'Sizes'));
      peer.send(begin(5, 'Chat'), frame(0, 0, 5, grpcMessage(Buffer.from('half')).subarray(0, 7)));
      assert.deepEqual(await Promise.all([1, 3, 5].map((id) => resetOf(peer, id))), [8, 8, 8]);
      await eventually('the handler is told', () => seen.ended || undefined);
      const { window_stalled: stalled, request_late: late } = server.lane.counts.hostile;
      assert.deepEqual([stalled, late], [1, 2]);
    });
  });
});
